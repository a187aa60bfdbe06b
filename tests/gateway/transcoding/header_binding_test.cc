#include "gateway/transcoding/header_binding.h"

#include <map>

#include "absl/strings/ascii.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/gateway/transcoding/rules.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

const RouteTable& Library() {
  static const RouteTable* table = new RouteTable(LibraryTable());
  return *table;
}

absl::Status Bind(const std::string& method, const std::string& path,
                  const std::map<std::string, std::string>& headers,
                  google::protobuf::Message& request) {
  const HeaderLookup lookup = [&](absl::string_view name) -> const std::string* {
    const auto it = headers.find(absl::AsciiStrToLower(name));
    return it == headers.end() ? nullptr : &it->second;
  };
  return BindHeaders(*Library().Match(method, path)->route, lookup, request);
}

TEST(IdempotencyKeyTest, FillsRequestId) {
  library::CreateBookRequest request;
  ASSERT_THAT(Bind("POST", "/v1/books", {{"idempotency-key", "k 1~"}}, request), IsOk());
  EXPECT_EQ(request.request_id(), "k 1~");
}

TEST(IdempotencyKeyTest, MayRepeatButNotContradict) {
  library::LendBookRequest request;
  request.set_request_id("k1");
  EXPECT_THAT(Bind("POST", "/v1/books/b:lend", {{"idempotency-key", "k1"}}, request), IsOk());
  EXPECT_THAT(Bind("POST", "/v1/books/b:lend", {{"idempotency-key", "k2"}}, request),
              HasViolation("request_id"));
}

TEST(IdempotencyKeyTest, IsOneTo128PrintableCharacters) {
  library::CreateBookRequest request;
  const auto bind = [&](const std::string& key) {
    request.Clear();
    return Bind("POST", "/v1/books", {{"idempotency-key", key}}, request);
  };
  EXPECT_THAT(bind(std::string(128, 'x')), IsOk());
  for (const std::string& key : {std::string(), std::string(129, 'x'), std::string("a\tb"),
                                 std::string("\xc3\xa4"), std::string("\x7f")}) {
    EXPECT_THAT(bind(key), HasViolation("request_id")) << key;
  }
}

TEST(IdempotencyKeyTest, IsPassedOverWhereThereIsNoField) {
  library::DeleteBookRequest request;
  EXPECT_THAT(Bind("DELETE", "/v1/books/b", {{"idempotency-key", ""}}, request), IsOk());
}

TEST(IfMatchTest, FillsTheEtagOfTheRequestOrOfItsBody) {
  library::DeleteBookRequest remove;
  ASSERT_THAT(Bind("DELETE", "/v1/books/b", {{"if-match", "\"3\""}}, remove), IsOk());
  EXPECT_EQ(remove.etag(), "\"3\"");
  library::UpdateBookRequest update;
  ASSERT_THAT(Bind("PATCH", "/v1/books/b", {{"if-match", " W/\"3\" "}}, update), IsOk());
  EXPECT_EQ(update.book().etag(), "\"3\"") << "compression made it weak";
  library::LendBookRequest lend;
  ASSERT_THAT(Bind("POST", "/v1/books/b:lend", {{"if-match", "*"}}, lend), IsOk());
  EXPECT_EQ(lend.etag(), "*");
}

TEST(IfMatchTest, IsOneEntityTag) {
  for (const char* value :
       {"", "3", "\"3", "\"3\", \"4\"", "\"a\"b\"", "\"\xc3\xa4\"", "\"a b\""}) {
    library::DeleteBookRequest request;
    EXPECT_THAT(Bind("DELETE", "/v1/books/b", {{"if-match", value}}, request), HasViolation("etag"))
        << value;
  }
}

TEST(IfMatchTest, MayNotContradictTheBody) {
  library::UpdateBookRequest update;
  update.mutable_book()->set_etag("\"2\"");
  EXPECT_THAT(Bind("PATCH", "/v1/books/b", {{"if-match", "\"3\""}}, update),
              HasViolation("book.etag"));
}

TEST(LastEventIdTest, WinsOverTheTokenOfTheUrl) {
  library::WatchLoansRequest request;
  request.set_resume_token("old");
  ASSERT_THAT(Bind("GET", "/v1/loans:watch", {{"last-event-id", "new"}}, request), IsOk());
  EXPECT_EQ(request.resume_token(), "new");
  EXPECT_THAT(Bind("GET", "/v1/loans:watch", {{"last-event-id", std::string(513, 'x')}}, request),
              HasViolation("resume_token"));
}

TEST(EtagMatchesTest, ComparesWeaklyInLists) {
  EXPECT_TRUE(EtagMatches("\"1\"", "\"1\""));
  EXPECT_TRUE(EtagMatches("W/\"1\"", "\"1\""));
  EXPECT_TRUE(EtagMatches("\"1\"", "W/\"1\""));
  EXPECT_TRUE(EtagMatches("\"0\", W/\"1\" ,\"2\"", "\"1\""));
  EXPECT_TRUE(EtagMatches(" * ", "\"1\""));
  EXPECT_TRUE(EtagMatches("\"a,b\"", "\"a,b\""));
  EXPECT_FALSE(EtagMatches("\"2\"", "\"1\""));
  EXPECT_FALSE(EtagMatches("\"11\"", "\"1\""));
  EXPECT_FALSE(EtagMatches("1", "\"1\""));
  EXPECT_FALSE(EtagMatches("", "\"1\""));
  EXPECT_FALSE(EtagMatches("*", ""));
  EXPECT_FALSE(EtagMatches("\"unclosed", "\"1\""));
}

TEST(EntityTagTest, IsOfOneBody) {
  const std::string tag = EntityTag("\"7\"", "ana");
  EXPECT_THAT(tag, ::testing::MatchesRegex("\"7\\.[0-9a-f]{16}\""));
  EXPECT_EQ(EntityTag("\"7\"", "ana"), tag);
  EXPECT_NE(EntityTag("\"7\"", "ben"), tag);
  EXPECT_EQ(EntityTag("", "ana"), "");

  library::DeleteBookRequest remove;
  ASSERT_THAT(Bind("DELETE", "/v1/books/b", {{"if-match", tag}}, remove), IsOk());
  EXPECT_EQ(remove.etag(), "\"7\"");
}

TEST(EtagOfTest, IsTheMessagesOwnIfItIsOne) {
  library::Book book;
  EXPECT_EQ(EtagOf(book), "");
  book.set_etag("\"7\"");
  EXPECT_EQ(EtagOf(book), "\"7\"");
  for (const char* text : {"7", "\"7", "\"7\"\r\nSet-Cookie: x=\"y\"", "\""}) {
    book.set_etag(text);
    EXPECT_EQ(EtagOf(book), "") << text;
  }
  EXPECT_EQ(EtagOf(library::ListBooksResponse()), "");
}

}  // namespace
}  // namespace rostrum::gateway
