// Server streams from end to end.
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/proxy/stream_answer.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "tests/gateway/proxy/gateway_fixture.h"

namespace rostrum::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kPath[] = "/v1/loans:watch";

class StreamTest : public GatewayTest {
 protected:
  // Opens the stream and reads up to the end of the head.
  testing::RawConnection Open(const std::string& accept, std::string& head) {
    testing::RawConnection connection = Connect();
    EXPECT_TRUE(connection.Send(absl::StrCat("GET ", kPath, " HTTP/1.1\r\nHost: rostrum.test\r\n",
                                             "Accept: ", accept, "\r\n\r\n")));
    head = connection.ReadUntil("\r\n\r\n");
    return connection;
  }
  static grpc::Status Gone() {
    return ToGrpcStatus(Error(absl::StatusCode::kNotFound, "SHELF_GONE", "the shelf is gone"),
                        "library.rostrum");
  }
};

TEST_F(StreamTest, IsLinesOfJson) {
  const ClientResponse response = Http().Get(kPath);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("content-type"), "application/x-ndjson");
  EXPECT_EQ(response.Header("cache-control"), "no-store");
  EXPECT_EQ(response.body,
            "{\"result\":{\"bookId\":\"first\",\"resumeToken\":\"after-first\"}}\n"
            "{\"result\":{\"bookId\":\"second\",\"resumeToken\":\"after-second\"}}\n");
}

TEST_F(StreamTest, IsEventsForWhoAsksForThem) {
  const ClientResponse response =
      Http().Get(kPath, {{"Accept", "text/event-stream"}, {"Last-Event-ID", "after-zero"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("content-type"), "text/event-stream");
  EXPECT_EQ(response.body,
            "id: after-first\nevent: message\n"
            "data: {\"bookId\":\"first\",\"resumeToken\":\"after-first\"}\n\n"
            "id: after-second\nevent: message\n"
            "data: {\"bookId\":\"second\",\"resumeToken\":\"after-second\"}\n\n");
  EXPECT_EQ(books_.resumed_from(), "after-zero");
}

TEST_F(StreamTest, AnEmptyStreamIsEmpty) {
  books_.books.clear();
  const ClientResponse response = Http().Get(kPath);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
}

TEST_F(StreamTest, AnErrorBeforeAnyMessageKeepsItsStatus) {
  books_.books.clear();
  books_.status = Gone();
  const ClientResponse response = Http().Get(kPath, {{"Accept", "text/event-stream"}});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.Header("content-type"), "application/json");
  EXPECT_EQ(ReasonOf(response), "SHELF_GONE");
}

TEST_F(StreamTest, AnErrorAfterAMessageIsTheLastFrame) {
  books_.status = Gone();
  const ClientResponse lines = Http().Get(kPath);
  EXPECT_EQ(lines.status, 200);
  EXPECT_THAT(lines.body, StartsWith("{\"result\":"));
  EXPECT_THAT(lines.body, HasSubstr("\n{\"error\":{\"code\":404,"));
  EXPECT_THAT(lines.body, HasSubstr("SHELF_GONE"));
  EXPECT_THAT(Http().Get(kPath, {{"Accept", "text/event-stream"}}).body,
              HasSubstr("\n\nevent: error\ndata: {\"error\":{\"code\":404,"));
}

TEST_F(StreamTest, AServiceThatIsAwayIs503) {
  library_.Stop();
  const ClientResponse response = Http().Get(kPath);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(ReasonOf(response), "UNAVAILABLE");
}

TEST_F(StreamTest, AQuietStreamIsKeptOpenByComments) {
  api_.heartbeat = absl::Milliseconds(20);
  books_.wait = true;
  std::string head;
  testing::RawConnection connection = Open("text/event-stream", head);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
  connection.ReadUntil("after-second\"}\n\n");
  EXPECT_THAT(connection.ReadUntil(": keep-alive\n\n"), EndsWith(": keep-alive\n\n"));
  EXPECT_THAT(connection.ReadUntil(": keep-alive\n\n"), EndsWith(": keep-alive\n\n"));
}

TEST_F(StreamTest, AStreamWithoutAMessageBeginsAfterAWhile) {
  api_.first_message_timeout = absl::Milliseconds(50);
  books_.books.clear();
  books_.wait = true;
  books_.status = Gone();
  std::string head;
  testing::RawConnection connection = Open("text/event-stream", head);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
  books_.wait = false;
  EXPECT_THAT(connection.ReadUntil("0\r\n\r\n"),
              HasSubstr("event: error\ndata: {\"error\":{\"code\":404,"))
      << "too late for a status";
}

TEST_F(StreamTest, WhenTheClientLeavesTheCallEnds) {
  books_.wait = true;
  std::string head;
  testing::RawConnection connection = Open("text/event-stream", head);
  ASSERT_TRUE(Eventually([&] { return books_.open == 1; }));
  connection.Close();
  EXPECT_TRUE(Eventually([&] { return books_.cancelled == 1; }));
}

TEST_F(StreamTest, AHeadRequestLeavesNoCallBehind) {
  books_.wait = true;
  EXPECT_EQ(Http().Do("HEAD", kPath, "", {}).status, 200);
  EXPECT_TRUE(Eventually([&] { return books_.open == 0 && books_.cancelled == 1; }));
}

TEST_F(StreamTest, AStoppingGatewayEndsItsStreamsInGoodOrder) {
  books_.wait = true;
  std::string head;
  testing::RawConnection connection = Open("application/x-ndjson", head);
  connection.ReadUntil("after-second\"}}\n");
  EXPECT_TRUE(running_->server.Stop(absl::Seconds(10)));
  EXPECT_THAT(connection.ReadAll(), EndsWith("0\r\n\r\n")) << "the answer is whole";
  EXPECT_TRUE(Eventually([&] { return books_.cancelled == 1; }));
}

}  // namespace
}  // namespace rostrum::gateway
