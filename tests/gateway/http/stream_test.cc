#include <string>

#include "gmock/gmock.h"
#include "tests/gateway/http/server_fixture.h"

namespace rostrum::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawConnection;

TEST_F(ServerTest, StreamsInChunksAndKeepsTheConnection) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/three") + Get("/hello")));
  const auto response = connection.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->Header("transfer-encoding"), "chunked");
  EXPECT_FALSE(response->HasHeader("content-length"));
  EXPECT_EQ(response->body, "one\ntwo\nthree\n");
  EXPECT_EQ(connection.Read()->body, "hello");
}

TEST_F(ServerTest, StreamsToHttp10UntilTheConnectionCloses) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("GET /three HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"));
  const auto response = connection.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_FALSE(response->HasHeader("transfer-encoding"));
  EXPECT_EQ(response->Header("connection"), "close");
  EXPECT_EQ(response->body, "one\ntwo\nthree\n");
}

TEST_F(ServerTest, HeadOfAStreamIsItsHeadOnly) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("HEAD /quiet HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/hello")));
  EXPECT_EQ(connection.Read(true)->Header("transfer-encoding"), "chunked");
  EXPECT_EQ(connection.Read()->body, "hello");
}

TEST_F(ServerTest, AStreamThatBreaksOffIsSeenToBeBroken) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/broken")));
  const std::string all = connection.ReadAll();
  EXPECT_THAT(all, HasSubstr("one\n"));
  EXPECT_THAT(all, Not(EndsWith("0\r\n\r\n")));
  EXPECT_TRUE(Eventually([&] { return observer_.done_incomplete == 1; }));
}

TEST_F(ServerTest, AStreamHearsThatItsClientHasGone) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/quiet")));
  connection.ReadUntil("one\n");
  EXPECT_EQ(handler_.streams_ended(), 0);
  connection.Close();
  EXPECT_TRUE(Eventually([&] { return handler_.streams_ended() == 1; }));
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
  EXPECT_EQ(observer_.done_incomplete, 1);
}

TEST_F(ServerTest, AWriteToAClientThatHasGoneEndsTheStream) {
  RawConnection connection = Connect();
  // The next request behind the stream hides that the client leaves.
  ASSERT_TRUE(connection.Send(Get("/endless") + Get("/hello")));
  connection.ReadUntil("xxx");
  connection.Close();
  EXPECT_TRUE(Eventually([&] { return handler_.streams_ended() == 1; }));
}

TEST_F(ServerTest, ManyStreamsTakeNoThreads) {
  std::vector<RawConnection> connections;
  for (int i = 0; i < 50; ++i) {
    connections.push_back(Connect());
    ASSERT_TRUE(connections.back().Send(Get("/quiet")));
    connections.back().ReadUntil("one\n");
  }
  EXPECT_EQ(Client().Get("/hello").status, 200);
}

}  // namespace
}  // namespace rostrum::http
