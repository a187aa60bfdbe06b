#include "gateway/http/server.h"

#include <future>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/gateway/http/server_fixture.h"

namespace rostrum::http {
namespace {

using testing::ClientResponse;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawConnection;

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  RawConnection connection = Connect();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(connection.Send(Get("/hello")));
    const auto response = connection.Read();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
    EXPECT_FALSE(response->HasHeader("connection"));
    EXPECT_THAT(response->Header("date"), HasSubstr(" GMT"));
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  RawConnection connection = Connect();
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    absl::StrAppend(&requests, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n",
                    10 + i);
  }
  ASSERT_TRUE(connection.Send(requests));
  for (int i = 0; i < 20; ++i) {
    const auto response = connection.Read();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->body, absl::StrCat(10 + i));
  }
}

TEST_F(ServerTest, TakesARequestByteByByte) {
  RawConnection connection = Connect();
  for (const char byte :
       std::string("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")) {
    ASSERT_TRUE(connection.Send(std::string(1, byte)));
  }
  const auto response = connection.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "hello");
}

TEST_F(ServerTest, ClosesWhenAsked) {
  const ClientResponse response = Client().Get("/hello");
  EXPECT_EQ(response.Header("connection"), "close");
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, ClosesAfterTheLastAllowedRequest) {
  options_.max_requests_per_connection = 2;
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/hello") + Get("/hello") + Get("/hello")));
  EXPECT_FALSE(connection.Read()->HasHeader("connection"));
  EXPECT_EQ(connection.Read()->Header("connection"), "close");
  EXPECT_EQ(connection.ReadAll(), "");
  EXPECT_EQ(handler_.Count("/hello"), 2);
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/hello")));
  const auto head = connection.Read(true);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->Header("content-length"), "5");
  EXPECT_EQ(connection.Read()->body, "hello");
}

TEST_F(ServerTest, NoContentHasNoLength) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/empty") + Get("/hello")));
  const auto response = connection.Read();
  EXPECT_EQ(response->status, 204);
  EXPECT_FALSE(response->HasHeader("content-length"));
  EXPECT_EQ(connection.Read()->body, "hello");
}

TEST_F(ServerTest, Http10ClosesUnlessAskedToKeep) {
  RawConnection once = Connect();
  ASSERT_TRUE(once.Send("GET /hello HTTP/1.0\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(once.Read()->Header("connection"), "close");
  EXPECT_TRUE(once.Closed());

  RawConnection kept = Connect();
  const std::string request = "GET /hello HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n";
  ASSERT_TRUE(kept.Send(request + request));
  EXPECT_EQ(kept.Read()->Header("connection"), "keep-alive");
  EXPECT_EQ(kept.Read()->body, "hello");
}

TEST_F(ServerTest, DecodesChunkedBodies) {
  RawConnection connection = Connect();
  ASSERT_TRUE(
      connection.Send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                      "5\r\nhello\r\nA\r\n, reader! \r\n0\r\n\r\n" +
                      Get("/hello")));
  EXPECT_EQ(connection.Read()->body, "hello, reader! ");
  EXPECT_EQ(connection.Read()->body, "hello");
}

TEST_F(ServerTest, RefusesALargeBodyBeforeReadingIt) {
  options_.body_bytes = 10;
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"));
  EXPECT_EQ(connection.Read()->status, 413);
  EXPECT_TRUE(connection.Closed());
  EXPECT_EQ(handler_.total(), 0);
}

TEST_F(ServerTest, ALargeBodySentAllTheSameStillGetsTheAnswer) {
  const ClientResponse response = Client().Post("/echo", std::string(1536 * 1024, 'x'));
  EXPECT_EQ(response.status, 413);
}

TEST_F(ServerTest, RefusesAChunkedBodyOnceItIsTooLarge) {
  options_.body_bytes = 10;
  RawConnection connection = Connect();
  ASSERT_TRUE(
      connection.Send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "6\r\nabcdef\r\n6\r\nghijkl\r\n"));
  EXPECT_EQ(connection.Read()->status, 413);
  EXPECT_EQ(handler_.total(), 0);
}

TEST_F(ServerTest, ABodyOfExactlyTheLimitIsTaken) {
  options_.body_bytes = 10;
  EXPECT_EQ(Client().Post("/echo", "0123456789").body, "0123456789");
  RawConnection connection = Connect();
  ASSERT_TRUE(
      connection.Send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"));
  EXPECT_EQ(connection.Read()->body, "0123456789");
}

TEST_F(ServerTest, SomeRequestsMayHaveLargerBodies) {
  options_.body_limit = [](const RequestHead& head) -> size_t {
    return head.method == "POST" && head.path == "/echo" ? 4 * 1024 * 1024 : 10;
  };
  const std::string body(3 * 1024 * 1024, 'x');
  EXPECT_EQ(Client().Post("/echo", body).body, body);
  EXPECT_EQ(Client().Post("/hello", "more than ten").status, 413);
}

TEST_F(ServerTest, RefusesMoreBodiesThanMemoryIsFor) {
  options_.clients_to_fill_memory = 1;
  options_.buffered_body_bytes = 100;
  EXPECT_EQ(Client().Post("/echo", std::string(100, 'x')).status, 200);
  const ClientResponse refused = Client().Post("/echo", std::string(101, 'x'));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("retry-after"), "1");
  EXPECT_EQ(Client().Post("/echo", std::string(100, 'x')).status, 200) << "given back";
}

TEST_F(ServerTest, WhoOnlyAnnouncesABodyKeepsNobodyOut) {
  options_.clients_to_fill_memory = 1;
  options_.buffered_body_bytes = 100;
  RawConnection idle = Connect();
  ASSERT_TRUE(idle.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\nx"));
  EXPECT_EQ(Client().Post("/echo", std::string(90, 'x')).status, 200);
}

TEST_F(ServerTest, ChunksAreRefusedWhereMemoryEnds) {
  options_.clients_to_fill_memory = 1;
  options_.buffered_body_bytes = 100;
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(
      absl::StrCat("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "96\r\n",
                   std::string(150, 'x'), "\r\n0\r\n\r\n")));
  EXPECT_EQ(connection.Read()->status, 503);
}

TEST_F(ServerTest, LargeBodiesKeepOutNoOthers) {
  options_.body_limit = [](const RequestHead& head) -> size_t {
    return head.path == "/echo" ? 2 * 1024 * 1024 : 1024;
  };
  options_.buffered_upload_bytes = 0;
  EXPECT_EQ(Client().Post("/echo", "large").status, 503);
  EXPECT_NE(Client().Post("/hello", "small").status, 503);
}

TEST_F(ServerTest, LargeAnswersThatNobodyReadsKeepOutOnlyLargeOnes) {
  options_.clients_to_fill_memory = 1;
  options_.buffered_answer_bytes = 100 * 1024 * 1024;  // for one and a half
  std::optional<RawConnection> slow = Connect();
  slow->ShrinkReceiveBuffer();
  ASSERT_TRUE(slow->Send(Get("/big")));
  ASSERT_TRUE(Eventually([&] { return handler_.Count("/big") == 1; }));
  const ClientResponse refused = Client().Get("/big");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("retry-after"), "1");
  EXPECT_EQ(Client().Get("/hello").status, 200);
  slow->Close();
  EXPECT_TRUE(Eventually([&] { return Client().Get("/big").status == 200; })) << "given back";
}

TEST_F(ServerTest, SaysContinueBeforeTheBody) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(connection.Read()->status, 100);
  ASSERT_TRUE(connection.Send("hello"));
  EXPECT_EQ(connection.Read()->body, "hello");
}

TEST_F(ServerTest, DoesNotSayContinueToABodyItWillNotTake) {
  options_.body_bytes = 4;
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(connection.Read()->status, 413);
}

TEST_F(ServerTest, AnExceptionIsAnsweredWithoutItsText) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/throw") + Get("/hello")));
  const auto response = connection.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 500);
  EXPECT_THAT(response->body, HasSubstr("\"INTERNAL\""));
  EXPECT_THAT(response->body, Not(HasSubstr("secret")));
  EXPECT_EQ(connection.Read()->body, "hello");
}

TEST_F(ServerTest, AHeaderThatWouldSplitTheAnswerIsNotSent) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/split")));
  const auto response = connection.Read();
  EXPECT_EQ(response->status, 500);
  EXPECT_FALSE(response->HasHeader("set-cookie"));
}

TEST_F(ServerTest, CompressesWhereTheClientTakesIt) {
  const ClientResponse plain = Client().Get("/page");
  EXPECT_EQ(plain.body.size(), 8192u);
  EXPECT_EQ(plain.Header("vary"), "Accept-Encoding");
  const ClientResponse gzip = Client().Get("/page", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(gzip.Header("content-encoding"), "gzip");
  EXPECT_EQ(gzip.Header("etag"), "W/\"v1\"");
  EXPECT_LT(gzip.body.size(), 200u);
}

TEST_F(ServerTest, ForwardedAddressesCountOnlyFromOurProxies) {
  EXPECT_EQ(Client().Get("/client", {{"X-Forwarded-For", "203.0.113.9"}}).body,
            "127.0.0.1 no header");
  server_.reset();
  options_.trusted_proxies = *CidrList::Parse("127.0.0.0/8");
  EXPECT_EQ(Client().Get("/client", {{"X-Forwarded-For", "10.9.9.9, 203.0.113.9"}}).body,
            "203.0.113.9 no header");
  // Taking the header out does not make the rest malformed.
  const ClientResponse posted =
      Client().Post("/echo", "body", {{"X-Forwarded-For", "203.0.113.9"}, {"X-Real-IP", "a"}});
  EXPECT_EQ(posted.status, 200);
}

TEST_F(ServerTest, TellsTheObserver) {
  EXPECT_EQ(Client().Get("/hello").status, 200);
  EXPECT_TRUE(Eventually([&] { return observer_.done_complete == 1; }));
  EXPECT_EQ(observer_.bytes_sent, 5);
}

TEST_F(ServerTest, SpreadsConnectionsOverItsThreads) {
  options_.threads = 2;
  for (int i = 0; i < 32; ++i) ASSERT_EQ(Client().Get("/hello").status, 200);
}

TEST_F(ServerTest, RefusesAnAddressItCannotListenOn) {
  options_.address = "not an address";
  EXPECT_EQ(HttpServer(options_, handler_, observer_).Start().code(),
            absl::StatusCode::kInvalidArgument);
  options_.address = "192.0.2.1";  // for documentation, so never ours
  EXPECT_EQ(HttpServer(options_, handler_, observer_).Start().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, StopFinishesWhatRuns) {
  RawConnection running = Connect();
  RawConnection idle = Connect();
  ASSERT_TRUE(idle.Send(Get("/hello")));
  ASSERT_TRUE(idle.Read().has_value());
  ASSERT_TRUE(running.Send(Get("/hold")));
  ASSERT_TRUE(Eventually([&] { return handler_.Count("/hold") == 1; }));

  std::future<bool> stopped =
      std::async(std::launch::async, [&] { return server_->Stop(absl::Seconds(10)); });
  EXPECT_TRUE(idle.Closed());
  EXPECT_TRUE(Eventually([&] { return server_->connections() == 1; }));
  handler_.Release();
  const auto response = running.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "released");
  EXPECT_EQ(response->Header("connection"), "close");
  EXPECT_TRUE(stopped.get()) << "nothing was cut off";
  EXPECT_FALSE(Connect().Send(Get("/hello")) && Connect().Read().has_value());
}

// Its request is on its way, for all that is known.
TEST_F(ServerTest, StopWaitsAMomentForTheRequestOfANewConnection) {
  bool served = false;
  for (int i = 0; i < 10 && !served; ++i) {  // a busy machine may be later than the moment
    server_.reset();
    RawConnection fresh = Connect();
    ASSERT_TRUE(Eventually([&] { return server_->connections() == 1; }));
    RawConnection idle = Connect();
    ASSERT_TRUE(idle.Send(Get("/hello")));
    ASSERT_TRUE(idle.Read().has_value());
    std::future<bool> stopped =
        std::async(std::launch::async, [&] { return server_->Stop(absl::Seconds(10)); });
    EXPECT_TRUE(idle.Closed());
    const bool sent = fresh.Send(Get("/hello"));
    const auto response = sent ? fresh.Read() : std::nullopt;
    served = response.has_value() && response->body == "hello";
    EXPECT_TRUE(stopped.get());
  }
  EXPECT_TRUE(served);
}

TEST_F(ServerTest, StopCutsOffWhatDoesNotFinish) {
  RawConnection running = Connect();
  ASSERT_TRUE(running.Send(Get("/hold")));
  ASSERT_TRUE(Eventually([&] { return handler_.Count("/hold") == 1; }));
  EXPECT_FALSE(server_->Stop(absl::Milliseconds(20)));
  EXPECT_FALSE(running.Read().has_value());
}

TEST_F(ServerTest, StopHasAllEndedThatHandlersWaitFor) {
  RawConnection running = Connect();
  ASSERT_TRUE(running.Send(Get("/hold")));
  ASSERT_TRUE(Eventually([&] { return handler_.Count("/hold") == 1; }));
  EXPECT_FALSE(server_->Stop(absl::Milliseconds(20), [&] { handler_.Release(); }));
  EXPECT_EQ(server_->connections(), 0) << "the handler went on and ended on the server's thread";
}

// Else the coroutine would be destroyed with its event loop, and take others along.
TEST_F(ServerTest, StopLetsAHandlerEndWhoseThreadWasBlocked) {
  RawConnection running = Connect();
  ASSERT_TRUE(running.Send(Get("/block")));
  ASSERT_TRUE(Eventually([&] { return handler_.Count("/block") == 1; }));
  EXPECT_FALSE(server_->Stop(absl::Milliseconds(20), [&] { handler_.GiveUp(); }));
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(ServerTest, StopEndsStreams) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/quiet")));
  EXPECT_THAT(connection.ReadUntil("one\n"), HasSubstr("200 OK"));
  EXPECT_TRUE(server_->Stop(absl::Seconds(10)));
  EXPECT_EQ(handler_.streams_ended(), 1);
  EXPECT_EQ(connection.ReadAll(), "\r\n0\r\n\r\n") << "with its proper end";
}

TEST_F(ServerTest, DrainingStillTakesRequests) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Get("/hello")));
  ASSERT_TRUE(connection.Read().has_value());
  server_->Drain();
  ASSERT_TRUE(connection.Send(Get("/hello")));
  EXPECT_EQ(connection.Read()->Header("connection"), "close");
  EXPECT_EQ(Client().Get("/hello").status, 200);
}

}  // namespace
}  // namespace rostrum::http
