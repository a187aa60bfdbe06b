#include "gateway/transcoding/json_request.h"

#include <map>

#include "absl/strings/ascii.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/gateway/transcoding/rules.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const RouteTable& Library() {
  static const RouteTable* table = new RouteTable(LibraryTable());
  return *table;
}

class JsonRequestTest : public ::testing::Test {
 protected:
  template <class Message>
  absl::Status Bind(const std::string& method, const std::string& path, absl::string_view body,
                    Message& message) {
    present_.clear();
    return BindBody(*Library().Match(method, path)->route, body, Headers(), message, &present_);
  }

  HeaderLookup Headers() {
    return [this](absl::string_view name) -> const std::string* {
      const auto it = headers_.find(absl::AsciiStrToLower(name));
      return it == headers_.end() ? nullptr : &it->second;
    };
  }

  // What is wrong with a body for the whole of Kinds: "REASON field".
  std::string Kinds(absl::string_view body) {
    kinds_.Clear();
    const absl::Status status = Bind("POST", "/v1/kinds", body, kinds_);
    if (status.ok()) return "OK";
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    const ErrorDetails details = DetailsOf(status);
    if (details.violations.empty()) return details.reason;
    return details.violations[0].reason + " " + details.violations[0].field;
  }

  std::map<std::string, std::string> headers_{{"content-type", "application/json"}};
  std::vector<std::string> present_;
  library::Kinds kinds_;
};

TEST_F(JsonRequestTest, FillsTheWholeMessage) {
  EXPECT_EQ(Kinds(R"( {"int32Value": 1, "int64_value": "2", "bytesValue": "AP8=",
      "enumValue": "BINDING_CLOTH", "time": "2026-01-01T00:00:00Z", "mask": "a,bC",
      "int64Wrapper": "3", "numbers": [1, 2], "publishers": [{"town": "Rome"}],
      "byName": {"x": {"town": "Oslo"}}, "free": {"any": ["thing", 1, null, {}]},
      "doubleValue": 1.5e3, "left": null, "publisher": null} )"),
            "OK");
  EXPECT_EQ(kinds_.int64_value(), 2);
  EXPECT_EQ(kinds_.bytes_value(), std::string("\0\xff", 2));
  EXPECT_THAT(kinds_.mask().paths(), ElementsAre("a", "b_c"));
  EXPECT_EQ(kinds_.publishers(0).town(), "Rome");
  EXPECT_EQ(kinds_.by_name().at("x").town(), "Oslo");
  EXPECT_FALSE(kinds_.has_publisher());
}

TEST_F(JsonRequestTest, FillsOneField) {
  library::CreateBookRequest request;
  ASSERT_THAT(
      Bind("POST", "/v1/books", R"({"title": "Peace", "publisher": {"town": "Rome"}})", request),
      IsOk());
  EXPECT_EQ(request.book().title(), "Peace");
  EXPECT_EQ(request.book().publisher().town(), "Rome");
}

TEST_F(JsonRequestTest, AFieldMayBeAList) {
  ASSERT_THAT(Bind("PUT", "/v1/kinds/1", R"(["a", "b"])", kinds_), IsOk());
  EXPECT_THAT(kinds_.strings(), ElementsAre("a", "b"));
  EXPECT_THAT(Bind("PUT", "/v1/kinds/1", R"({"a": 1})", kinds_), HasViolation("strings"));
  EXPECT_THAT(Bind("PUT", "/v1/kinds/1", "null", kinds_), HasViolation("strings"));
}

TEST_F(JsonRequestTest, AnEmptyBodyIsNothing) {
  headers_.clear();
  EXPECT_EQ(Kinds(""), "OK");
}

TEST_F(JsonRequestTest, TakesJsonOnly) {
  for (const char* type : {"application/json", "Application/JSON", "application/json;charset=utf-8",
                           "application/json; charset=\"UTF-8\""}) {
    headers_["content-type"] = type;
    EXPECT_EQ(Kinds("{}"), "OK") << type;
  }
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded",
                           "application/jsonp", "application/json; charset=latin1",
                           "text/plain; application/json", "multipart/form-data; boundary=x"}) {
    headers_["content-type"] = type;
    EXPECT_EQ(Kinds("{}"), "UNSUPPORTED_MEDIA_TYPE") << type;
  }
  headers_.clear();
  EXPECT_EQ(Kinds("{}"), "UNSUPPORTED_MEDIA_TYPE");
}

TEST_F(JsonRequestTest, RefusesWhatIsNotStrictJson) {
  for (const char* body : {"{'left': 'a'}",
                           "{left: \"a\"}",
                           "{\"left\": \"a\",}",
                           "{\"left\": \"a\"} {}",
                           "{\"left\": \"a\"}x",
                           "{",
                           "{\"left\"}",
                           "{\"numbers\": [1,]}",
                           "{\"int32Value\": 01}",
                           "{\"int32Value\": .5}",
                           "{\"int32Value\": +1}",
                           "{\"doubleValue\": NaN}",
                           "{\"doubleValue\": 1e999}",
                           "{\"left\": \"\n\"}",
                           "{\"left\": \"\\x\"}",
                           "{\"left\": \"\\ud800\"}",
                           "{\"left\": \"\\udc00\\ud800\"}",
                           "{} // x",
                           "/* */ {}",
                           "{\"left\": tru}",
                           "\xef\xbb\xbf{}",
                           "{\"left\": \"\xff\"}",
                           "{\"left\": \"\xc0\xaf\"}",
                           "{\"left\": \"\xed\xa0\x80\"}",
                           "   "}) {
    EXPECT_EQ(Kinds(body), "INVALID_JSON") << body;
  }
  EXPECT_EQ(Kinds(absl::string_view("{}\0", 3)), "INVALID_JSON");
  EXPECT_EQ(Kinds(absl::string_view("{}\0{}", 5)), "INVALID_JSON");
}

// protobuf's parser throws on it.
TEST_F(JsonRequestTest, RefusesAnAnyWithoutValue) {
  EXPECT_EQ(Kinds(R"({"any": {"@type": "type.googleapis.com/google.protobuf.Duration",
                               "other": 1.5, "more": "-1"}})"),
            "INVALID_JSON");
}

TEST_F(JsonRequestTest, RefusesEscapedNul) {
  EXPECT_EQ(Kinds(R"({"left": "a\u0000b"})"), "INVALID_VALUE left");
  EXPECT_EQ(Kinds(R"({"le\u0000ft": 1})").substr(0, 13), "UNKNOWN_FIELD");
  EXPECT_EQ(Kinds(R"({"free": {"x": "\u0000"}})"), "INVALID_VALUE free.x");
}

TEST_F(JsonRequestTest, RefusesDeepNesting) {
  std::string body = R"({"left": "a"})";
  for (int i = 0; i < 99; ++i) body = R"({"inner": )" + body + "}";
  EXPECT_EQ(Kinds(body), "OK");
  EXPECT_EQ(Kinds(R"({"inner": )" + body + "}"), "INVALID_JSON");
  EXPECT_EQ(Kinds(std::string(1 << 19, '[')), "INVALID_VALUE ");
  EXPECT_EQ(Kinds(R"({"free": {"x": )" + std::string(1 << 19, '[')), "INVALID_JSON");
}

TEST_F(JsonRequestTest, RefusesAKeyThatComesTwice) {
  EXPECT_EQ(Kinds(R"({"left": "a", "left": "b"})"), "DUPLICATE_FIELD left");
  EXPECT_EQ(Kinds(R"({"int32Value": 1, "int32_value": 1})"), "DUPLICATE_FIELD int32_value");
  EXPECT_EQ(Kinds(R"({"le\u0066t": "a", "left": "b"})"), "DUPLICATE_FIELD left");
  EXPECT_EQ(Kinds(R"({"publisher": {"town": "a", "town": "b"}})"),
            "DUPLICATE_FIELD publisher.town");
  EXPECT_EQ(Kinds(R"({"byName": {"x": {}, "x": {}}})"), "DUPLICATE_FIELD by_name.x");
  EXPECT_EQ(Kinds(R"({"free": {"x": {}, "x": {}}})"), "DUPLICATE_FIELD free.x");
}

TEST_F(JsonRequestTest, NamesTheFieldThatDoesNotExist) {
  EXPECT_EQ(Kinds(R"({"nope": 1})"), "UNKNOWN_FIELD nope");
  EXPECT_EQ(Kinds(R"({"publishers": [{}, {"nope": 1}]})"), "UNKNOWN_FIELD publishers[1].nope");
  EXPECT_EQ(Kinds(R"({"byName": {"x": {"nope": 1}}})"), "UNKNOWN_FIELD by_name.x.nope");
  library::CreateBookRequest request;
  EXPECT_THAT(Bind("POST", "/v1/books", R"({"publisher": {"nope": 1}})", request),
              HasViolation("book.publisher.nope"));
  EXPECT_THAT(Bind("POST", "/v1/books", R"({"book": {"title": "x"}})", request),
              HasViolation("book.book"));
}

TEST_F(JsonRequestTest, NamesTheFieldWhoseValueIsWrong) {
  EXPECT_EQ(Kinds(R"({"int32Value": "x"})"), "INVALID_VALUE int32_value");
  EXPECT_EQ(Kinds(R"({"int32Value": 1.5})"), "INVALID_VALUE int32_value");
  EXPECT_EQ(Kinds(R"({"int32Value": 99999999999})"), "INVALID_VALUE int32_value");
  EXPECT_EQ(Kinds(R"({"uint64Value": -1})"), "INVALID_VALUE uint64_value");
  EXPECT_EQ(Kinds(R"({"int64Value": 123456789012345678901234567890})"),
            "INVALID_VALUE int64_value");
  EXPECT_EQ(Kinds(R"({"enumValue": "NOPE"})"), "INVALID_VALUE enum_value");
  EXPECT_EQ(Kinds(R"({"boolValue": "maybe"})"), "INVALID_VALUE bool_value");
  EXPECT_EQ(Kinds(R"({"inner": {"left": 3}})"), "INVALID_VALUE inner.left");
  EXPECT_EQ(Kinds(R"({"left": {"a": 1}})"), "INVALID_VALUE left");
  EXPECT_EQ(Kinds(R"({"left": ["a"]})"), "INVALID_VALUE left");
  EXPECT_EQ(Kinds(R"({"numbers": 1})"), "INVALID_VALUE numbers");
  EXPECT_EQ(Kinds(R"({"numbers": [1, [2]]})"), "INVALID_VALUE numbers[1]");
  EXPECT_EQ(Kinds(R"({"numbers": [null]})"), "INVALID_VALUE numbers[0]");
  EXPECT_EQ(Kinds(R"({"publishers": {"town": "Rome"}})"), "INVALID_VALUE publishers");
  EXPECT_EQ(Kinds(R"({"publisher": "Rome"})"), "INVALID_VALUE publisher");
  EXPECT_EQ(Kinds(R"({"byName": []})"), "INVALID_VALUE by_name");
  EXPECT_EQ(Kinds(R"({"time": {"seconds": 1}})"), "INVALID_VALUE time");
  EXPECT_EQ(Kinds(R"({"time": "yesterday"})"), "INVALID_VALUE time");
  EXPECT_EQ(Kinds("null"), "INVALID_VALUE ");
  EXPECT_EQ(Kinds("[]"), "INVALID_VALUE ");
  EXPECT_EQ(Kinds("3"), "INVALID_VALUE ");
}

TEST_F(JsonRequestTest, RefusesABodyWhereThereIsNone) {
  library::GetBookRequest get;
  EXPECT_THAT(Bind("GET", "/v1/books/b", "{}", get), HasReason("BODY_NOT_ALLOWED"));
}

TEST_F(JsonRequestTest, RefusesABodyOverTheRoutesLimit) {
  library::ReceiveNoteRequest note;
  EXPECT_THAT(Bind("POST", "/v1/notes/s", std::string(64, 'x'), note), IsOk());
  EXPECT_THAT(Bind("POST", "/v1/notes/s", std::string(65, 'x'), note), HasReason("BODY_TOO_LARGE"));
  EXPECT_EQ(Kinds(std::string(kDefaultMaxBodyBytes + 1, ' ')), "BODY_TOO_LARGE");
}

TEST_F(JsonRequestTest, RawBodiesComeWithTheirTypeAndListedHeadersOnly) {
  headers_ = {{"content-type", "text/x-note"}, {"note-signature", "abc"}, {"cookie", "secret"}};
  library::ReceiveNoteRequest note;
  const std::string bytes("{\0\xff'", 4);
  ASSERT_THAT(Bind("POST", "/v1/notes/s", bytes, note), IsOk());
  EXPECT_EQ(note.note().data(), bytes);
  EXPECT_EQ(note.note().content_type(), "text/x-note");
  ASSERT_EQ(note.note().headers_size(), 1);
  EXPECT_EQ(note.note().headers().at("note-signature"), "abc");

  headers_["note-signature"] = "\xff";
  EXPECT_THAT(Bind("POST", "/v1/notes/s", bytes, note), HasReason("INVALID_HEADER"));
  headers_["content-type"] = "\xff";
  EXPECT_THAT(Bind("POST", "/v1/notes/s", bytes, note), HasReason("UNSUPPORTED_MEDIA_TYPE"));
}

TEST_F(JsonRequestTest, KnowsWhatIsPresent) {
  library::UpdateBookRequest request;
  ASSERT_THAT(Bind("PATCH", "/v1/books/b", R"({"title": "", "topics": ["a", "b"], "binding": null,
      "publisher": {"displayName": "P", "parent": {}}, "notes": {"x": "y"},
      "createTime": "2026-01-01T00:00:00Z"})",
                   request),
              IsOk());
  EXPECT_THAT(present_, UnorderedElementsAre("title", "topics", "binding", "publisher.display_name",
                                             "publisher.parent", "notes", "create_time"));
  ASSERT_THAT(Bind("PATCH", "/v1/books/b", "{}", request), IsOk());
  EXPECT_THAT(present_, IsEmpty());
}

TEST_F(JsonRequestTest, TheMaskIsWhatIsPresentButForPathAndEtag) {
  const Route& route = *Library().Match("PATCH", "/v1/books/b")->route;
  library::UpdateBookRequest request;
  FillUpdateMask(route, {"book_id", "title", "etag", "publisher.town"}, request);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("title", "publisher.town"));
  FillUpdateMask(route, {"notes"}, request);
  EXPECT_THAT(request.update_mask().paths(), ElementsAre("title", "publisher.town"))
      << "a mask that is given stays";
  request.Clear();
  FillUpdateMask(route, {"etag"}, request);
  EXPECT_FALSE(request.has_update_mask());
}

}  // namespace
}  // namespace rostrum::gateway
