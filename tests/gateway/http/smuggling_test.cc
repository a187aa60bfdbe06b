// The shapes of requests that parsers read in different ways, sent to a real
// server: each is refused, the connection closes, and what follows on it is
// not taken for a second request.
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/gateway/http/server_fixture.h"

namespace rostrum::http {
namespace {

using testing::ClientResponse;
using testing::RawConnection;

constexpr char kSmuggled[] = "GET /smuggled HTTP/1.1\r\nHost: rostrum.test\r\n\r\n";

struct Shape {
  std::string name;
  int status;
  std::string bytes;
};
void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

std::string Post(const std::string& fields, const std::string& body) {
  return absl::StrCat("POST /echo HTTP/1.1\r\nHost: rostrum.test\r\n", fields, "\r\n", body);
}
std::string GetWith(const std::string& fields) {
  return absl::StrCat("GET /hello HTTP/1.1\r\nHost: rostrum.test\r\n", fields, "\r\n");
}
std::string Target(const std::string& target) {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: rostrum.test\r\n\r\n");
}
std::string Chunked(const std::string& body) {
  return Post("Transfer-Encoding: chunked\r\n", body);
}
std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::vector<Shape> FramingShapes() {
  return {
      {"TransferEncodingXchunked", 400, Post("Transfer-Encoding: xchunked\r\n", "")},
      {"TransferEncodingChunkedIdentity", 400,
       Post("Transfer-Encoding: chunked, identity\r\n", "")},
      {"TransferEncodingIdentity", 400, Post("Transfer-Encoding: identity\r\n", "")},
      {"TransferEncodingIdentityChunked", 400,
       Post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n")},
      {"TransferEncodingEmpty", 400, Post("Transfer-Encoding:\r\n", "")},
      {"TransferEncodingQuoted", 400, Post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
      {"TwoTransferEncodings", 400,
       Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"ChunkedOnHttp10", 400,
       "POST /echo HTTP/1.0\r\nHost: rostrum.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"LengthThenChunked", 400,
       Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
      {"ChunkedThenLength", 400,
       Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
      {"LengthList", 400, Post("Content-Length: 3,3\r\n", "abc")},
      {"TwoEqualLengths", 400, Post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")},
      {"TwoLengths", 400, Post("Content-Length: 3\r\nContent-Length: 0\r\n", "abc")},
      {"LengthWithPlus", 400, Post("Content-Length: +3\r\n", "abc")},
      {"LengthNegative", 400, Post("Content-Length: -3\r\n", "abc")},
      {"LengthHexadecimal", 400, Post("Content-Length: 0x3\r\n", "abc")},
      {"LengthOverflows", 400, Post("Content-Length: 18446744073709551619\r\n", "abc")},
      {"LengthEmpty", 400, Post("Content-Length:\r\n", "abc")},
      {"GetWithBody", 400, GetWith("Content-Length: 3\r\n") + "abc"},
      {"GetChunked", 400, GetWith("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
      {"DeleteWithBody", 400,
       "DELETE /echo HTTP/1.1\r\nHost: rostrum.test\r\nContent-Length: 3\r\n\r\nabc"},
      {"CompressedBody", 415, Post("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "abc")},
      {"ChunkExtension", 400, Chunked("3;a=b\r\nabc\r\n0\r\n\r\n")},
      {"LastChunkExtension", 400, Chunked("3\r\nabc\r\n0;a\r\n\r\n")},
      {"Trailer", 400, Chunked("3\r\nabc\r\n0\r\nX-Trailer: a\r\n\r\n")},
      {"ChunkSizeNegative", 400, Chunked("-1\r\nabc\r\n0\r\n\r\n")},
      {"ChunkSizeOverflows", 400, Chunked("FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n")},
      {"ChunkSizeNotHexadecimal", 400, Chunked("xyz\r\nabc\r\n0\r\n\r\n")},
      {"ChunkLongerThanItsSize", 400, Chunked("3\r\nabcdef\r\n0\r\n\r\n")},
      {"ChunkWithBareLineFeed", 400, Chunked("3\nabc\n0\n\n")},
      {"UnknownExpectation", 417, Post("Expect: 200-ok\r\nContent-Length: 3\r\n", "abc")},
  };
}

std::vector<Shape> FieldShapes() {
  return {
      {"TwoHosts", 400, GetWith("Host: other.test\r\n")},
      {"NoHost", 400, "GET /hello HTTP/1.1\r\n\r\n"},
      {"HostWithPath", 400, "GET /hello HTTP/1.1\r\nHost: rostrum.test/x\r\n\r\n"},
      {"HostWithUser", 400, "GET /hello HTTP/1.1\r\nHost: a@rostrum.test\r\n\r\n"},
      {"HostEmpty", 400, "GET /hello HTTP/1.1\r\nHost:\r\n\r\n"},
      {"HostPortTooLarge", 400, "GET /hello HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
      {"ObsoleteFolding", 400, GetWith("X-A: a\r\n b\r\n")},
      {"ObsoleteFoldingOfLength", 400, Post("Content-Length:\r\n 3\r\n", "abc")},
      {"FoldedFirstField", 400, "GET /hello HTTP/1.1\r\n Host: rostrum.test\r\n\r\n"},
      {"SpaceBeforeColon", 400, Post("Content-Length : 3\r\n", "abc")},
      {"NoColon", 400, GetWith("X-A\r\n")},
      {"EmptyName", 400, GetWith(": a\r\n")},
      {"BareLineFeed", 400, "GET /hello HTTP/1.1\nHost: rostrum.test\n\n"},
      {"BareLineFeedInField", 400, GetWith("X-A: a\nX-B: b\r\n")},
      {"BareCarriageReturn", 400, GetWith("X-A: a\rX-B: b\r\n")},
      {"NulInValue", 400, GetWith(std::string("X-A: a\0b\r\n", 10))},
      {"VerticalTabInValue", 400,
       GetWith("X-A: a\x0b"
               "b\r\n")},
      {"DeleteInValue", 400,
       GetWith("X-A: a\x7f"
               "b\r\n")},
      {"NonAsciiName", 400, GetWith("X-\xc3\xa4: a\r\n")},
      {"TwoCookies", 400, GetWith("Cookie: a=b\r\nCookie: c=d\r\n")},
      {"TwoAuthorizations", 400, GetWith("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")},
      {"TwoOrigins", 400, GetWith("Origin: https://a\r\nOrigin: https://b\r\n")},
      {"TwoContentTypes", 400,
       Post("Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 3\r\n", "abc")},
      {"FiveHundredFields", 431, GetWith(Repeat("X-A: a\r\n", 500))},
      {"SixtyFiveFields", 431, GetWith(Repeat("X-A: a\r\n", 64))},
      {"HeadTooLarge", 431, GetWith("X-A: " + std::string(17 * 1024, 'a') + "\r\n")},
  };
}

std::vector<Shape> RequestLineShapes() {
  return {
      {"AbsoluteForm", 400, Target("http://rostrum.test/hello")},
      {"AsteriskForm", 400, "OPTIONS * HTTP/1.1\r\nHost: rostrum.test\r\n\r\n"},
      {"AuthorityForm", 405, "CONNECT rostrum.test:80 HTTP/1.1\r\nHost: rostrum.test:80\r\n\r\n"},
      {"Trace", 405, "TRACE /hello HTTP/1.1\r\nHost: rostrum.test\r\n\r\n"},
      {"UnknownMethod", 405, "BREW /hello HTTP/1.1\r\nHost: rostrum.test\r\n\r\n"},
      {"LowerCaseMethod", 405, "get /hello HTTP/1.1\r\nHost: rostrum.test\r\n\r\n"},
      {"Http2Preface", 405, "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n"},
      {"UnknownVersion", 505, "GET /hello HTTP/1.2\r\nHost: rostrum.test\r\n\r\n"},
      {"NoVersion", 400, "GET /hello\r\nHost: rostrum.test\r\n\r\n"},
      {"LowerCaseProtocol", 400, "GET /hello http/1.1\r\nHost: rostrum.test\r\n\r\n"},
      {"TwoSpaces", 400, "GET  /hello HTTP/1.1\r\nHost: rostrum.test\r\n\r\n"},
      {"SpaceInTarget", 400, Target("/hel lo")},
      {"TabInTarget", 400, Target("/hel\tlo")},
      {"LeadingEmptyLine", 400, "\r\n" + Target("/hello")},
      {"TlsHandshake", 400, std::string("\x16\x03\x01\x02\x00\x01", 6)},
      {"Fragment", 400, Target("/hello#a")},
      {"NonAsciiTarget", 400, Target("/hell\xc3\xb6")},
      {"NulInTarget", 400, Target(std::string("/hel\0lo", 7))},
      {"EncodedNul", 400, Target("/hello%00")},
      {"EncodedNulInQuery", 400, Target("/hello?a=%00")},
      {"BadPercent", 400, Target("/hello%4")},
      {"BadPercentDigits", 400, Target("/hello%zz")},
      {"DotSegments", 400, Target("/a/../hello")},
      {"EncodedDotSegments", 400, Target("/a/%2e%2E/hello")},
      {"EncodedSlashDotSegments", 400, Target("/a%2f..%2fhello")},
      {"BackslashDotSegments", 400, Target("/a/..%5chello")},
      {"DoubleSlash", 400, Target("//evil.test/hello")},
      {"TargetTooLong", 414, Target("/" + std::string(9000, 'a'))},
      {"TargetEndless", 414, "GET /" + std::string(15000, 'a')},
  };
}

class SmugglingTest : public ServerTest, public ::testing::WithParamInterface<Shape> {};

TEST_P(SmugglingTest, IsRefusedAndNothingAfterItRuns) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(GetParam().bytes + kSmuggled));
  const std::optional<ClientResponse> response = connection.Read();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, GetParam().status) << response->body;
  EXPECT_EQ(response->Header("connection"), "close");
  EXPECT_EQ(response->Header("content-type"), "application/json");
  EXPECT_THAT(response->body, ::testing::HasSubstr("\"reason\""));
  EXPECT_EQ(connection.ReadAll(), "");
  EXPECT_EQ(handler_.total(), 0);
  EXPECT_EQ(observer_.requests_refused, 1);
}

std::string ShapeName(const ::testing::TestParamInfo<Shape>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Framing, SmugglingTest, ::testing::ValuesIn(FramingShapes()), ShapeName);
INSTANTIATE_TEST_SUITE_P(Fields, SmugglingTest, ::testing::ValuesIn(FieldShapes()), ShapeName);
INSTANTIATE_TEST_SUITE_P(RequestLine, SmugglingTest, ::testing::ValuesIn(RequestLineShapes()),
                         ShapeName);

// The control: the same two requests in good form are both run.
TEST_F(ServerTest, TwoGoodRequestsInOneSegmentAreBothRun) {
  RawConnection connection = Connect();
  ASSERT_TRUE(connection.Send(Post("Content-Length: 3\r\n", "abc") + kSmuggled));
  const auto first = connection.Read();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->body, "abc");
  const auto second = connection.Read();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(handler_.Count("/echo"), 1);
  EXPECT_EQ(handler_.Count("/smuggled"), 1);
}

}  // namespace
}  // namespace rostrum::http
