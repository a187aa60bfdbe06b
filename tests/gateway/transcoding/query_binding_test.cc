#include "gateway/transcoding/query_binding.h"

#include <cmath>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "tests/gateway/transcoding/rules.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Not;

const RouteTable& Library() {
  static const RouteTable* table = new RouteTable(LibraryTable());
  return *table;
}

const Route& RouteOf(const std::string& method, const std::string& path) {
  return *Library().Match(method, path)->route;
}

absl::StatusOr<library::Kinds> Bind(absl::string_view query) {
  library::Kinds kinds;
  RETURN_IF_ERROR(BindQuery(RouteOf("GET", "/v1/kinds"), query, kinds));
  return kinds;
}

// The reason of the first violation, and its field.
std::string Violation(absl::string_view query) {
  const auto kinds = Bind(query);
  if (kinds.ok()) return "OK";
  const ErrorDetails details = DetailsOf(kinds.status());
  EXPECT_EQ(kinds.status().code(), absl::StatusCode::kInvalidArgument);
  if (details.violations.empty()) return details.reason;
  return details.violations[0].reason + " " + details.violations[0].field;
}

TEST(QueryBindingTest, TakesEveryKindOfField) {
  library::Kinds expected;
  expected.set_int32_value(-2147483648);
  expected.set_int64_value(9223372036854775807);
  expected.set_uint32_value(4294967295);
  expected.set_uint64_value(18446744073709551615u);
  expected.set_float_value(0.5f);
  expected.set_double_value(-1e-3);
  expected.set_bool_value(true);
  expected.set_string_value("a b+c/ä&=");
  expected.set_bytes_value(std::string("\0\xff\xfe", 3));
  expected.set_enum_value(library::BINDING_CLOTH);
  expected.mutable_time()->set_seconds(1767225600);
  expected.mutable_duration()->set_seconds(1);
  expected.mutable_duration()->set_nanos(500'000'000);
  expected.mutable_mask()->add_paths("display_name");
  expected.mutable_mask()->add_paths("picture.alt_text");
  expected.mutable_int64_wrapper()->set_value(7);
  expected.mutable_string_wrapper()->set_value("");
  expected.mutable_bool_wrapper()->set_value(false);
  expected.set_maybe("");
  EXPECT_THAT(
      Bind("int32_value=-2147483648&int64Value=9223372036854775807&uint32_value=4294967295"
           "&uint64_value=18446744073709551615&float_value=0.5&double_value=-1e-3&bool_value=true"
           "&string_value=a+b%2Bc/%C3%A4%26=&bytes_value=AP_-&enum_value=BINDING_CLOTH"
           "&time=2026-01-01T00:00:00Z&duration=1.5s&mask=displayName,picture.alt_text"
           "&int64_wrapper=7&string_wrapper=&bool_wrapper=false&maybe"),
      IsOkAndHolds(EqualsProto(expected)));
}

TEST(QueryBindingTest, RepeatedFieldsCollect) {
  const auto kinds = Bind(
      "numbers=1&strings=a&numbers=2&enums=1&enums=BINDING_CLOTH"
      "&times=2026-01-01T00:00:00Z&times=2026-01-02T00:00:00Z");
  ASSERT_THAT(kinds, IsOk());
  EXPECT_THAT(kinds->numbers(), ElementsAre(1, 2));
  EXPECT_THAT(kinds->enums(), ElementsAre(library::BINDING_PAPER, library::BINDING_CLOTH));
  EXPECT_EQ(kinds->times_size(), 2);
}

TEST(QueryBindingTest, DotsLeadIntoMessages) {
  const auto kinds = Bind("publisher.town=Rome&publisher.parent.displayName=P&inner.inner.left=x");
  ASSERT_THAT(kinds, IsOk());
  EXPECT_EQ(kinds->publisher().town(), "Rome");
  EXPECT_EQ(kinds->publisher().parent().display_name(), "P");
  EXPECT_EQ(kinds->inner().inner().left(), "x");
}

TEST(QueryBindingTest, NamesAreDecodedToo) {
  EXPECT_EQ(Bind("publisher%2Etown=Rome")->publisher().town(), "Rome");
}

TEST(QueryBindingTest, PlusIsASpace) {
  EXPECT_EQ(Bind("string_value=Hello+world&left=%2B+%20")->string_value(), "Hello world");
  EXPECT_EQ(Bind("string_value=Hello+world&left=%2B+%20")->left(), "+  ");
  EXPECT_EQ(Bind("string_value=%24%25%2F%20%0A")->string_value(), "$%/ \n");
}

TEST(QueryBindingTest, EmptyPiecesAreNothing) {
  EXPECT_THAT(Bind("&&string_value=a&"), IsOk());
  EXPECT_THAT(Bind(""), IsOk());
}

TEST(QueryBindingTest, NonFiniteDoublesHaveNames) {
  EXPECT_TRUE(std::isnan(Bind("double_value=NaN")->double_value()));
  EXPECT_EQ(Bind("double_value=-Infinity")->double_value(), -INFINITY);
}

TEST(QueryBindingTest, RefusesWhatIsNoValue) {
  for (const char* pair :
       {"int32_value=", "int32_value=1.5", "int32_value=2147483648", "int32_value=+1",
        "int32_value=-", "int32_value=%201", "int32_value=0x1", "int32_value=1e3"}) {
    EXPECT_EQ(Violation(pair), "INVALID_VALUE int32_value") << pair;
  }
  for (const char* pair : {"uint64_value=-1", "uint64_value=18446744073709551616"}) {
    EXPECT_EQ(Violation(pair), "INVALID_VALUE uint64_value") << pair;
  }
  for (const char* pair : {"double_value=inf", "double_value=1e999", "double_value=0x1p3",
                           "double_value=", "double_value=1,5"}) {
    EXPECT_EQ(Violation(pair), "INVALID_VALUE double_value") << pair;
  }
  EXPECT_EQ(Violation("float_value=1e39"), "INVALID_VALUE float_value");
  for (const char* pair : {"bool_value=1", "bool_value=TRUE", "bool_value="}) {
    EXPECT_EQ(Violation(pair), "INVALID_VALUE bool_value") << pair;
  }
  for (const char* pair : {"enum_value=CLOTH", "enum_value=binding_cloth", "enum_value=3"}) {
    EXPECT_EQ(Violation(pair), "INVALID_VALUE enum_value") << pair;
  }
  EXPECT_EQ(Violation("bytes_value=%21%21"), "INVALID_VALUE bytes_value");
  for (const char* pair : {"time=yesterday", "time=2026-13-01T00:00:00Z", "time=1767225600"}) {
    EXPECT_EQ(Violation(pair), "INVALID_VALUE time") << pair;
  }
  EXPECT_EQ(Violation("duration=5"), "INVALID_VALUE duration");
  EXPECT_EQ(Violation("mask=a,,b"), "INVALID_VALUE mask");
  EXPECT_EQ(Violation("mask=a%20b"), "INVALID_VALUE mask");
  for (const std::string mask : {"Title", "a.Title", "a..b", ".a", "a.", "a__b", "_a", "a_", "a_1",
                                 "1a", "a*", "*.a", "a_b_c", "displayNamAC"}) {
    EXPECT_EQ(Violation("mask=" + mask), "INVALID_VALUE mask") << mask;
  }
  EXPECT_EQ(Violation("numbers=1&numbers=x"), "INVALID_VALUE numbers");
  EXPECT_EQ(Violation("publisher.town=a&inner.int32_value=x"), "INVALID_VALUE inner.int32_value");
}

TEST(QueryBindingTest, RefusesWhatIsNoField) {
  EXPECT_EQ(Violation("nope=1"), "UNKNOWN_FIELD nope");
  EXPECT_EQ(Violation("publisher.nope=1"), "UNKNOWN_FIELD publisher.nope");
  EXPECT_EQ(Violation("=1"), "UNKNOWN_FIELD ");
  EXPECT_EQ(Violation("publisher.=1"), "UNKNOWN_FIELD publisher.");
  EXPECT_EQ(Violation("publisher=1"), "UNKNOWN_FIELD publisher");
  EXPECT_EQ(Violation("publishers.town=1"), "UNKNOWN_FIELD publishers.town");
  EXPECT_EQ(Violation("by_name.key=1"), "UNKNOWN_FIELD by_name.key");
  EXPECT_EQ(Violation("free=1"), "UNKNOWN_FIELD free");
  EXPECT_EQ(Violation("left.x=1"), "UNKNOWN_FIELD left.x");
  EXPECT_EQ(Violation("Left=1"), "UNKNOWN_FIELD Left");
}

TEST(QueryBindingTest, RefusesASingularFieldThatComesTwice) {
  EXPECT_EQ(Violation("left=a&left=a"), "DUPLICATE_FIELD left");
  EXPECT_EQ(Violation("int32_value=0&int32Value=0"), "DUPLICATE_FIELD int32_value");
  EXPECT_EQ(Violation("left=a&right=1"), "DUPLICATE_FIELD right") << "of one oneof";
}

TEST(QueryBindingTest, RefusesWhatPathOrBodyHave) {
  library::UpdateBookRequest update;
  const Route& patch = RouteOf("PATCH", "/v1/books/b1");
  EXPECT_THAT(BindQuery(patch, "book.title=x", update), HasViolation("book.title"));
  EXPECT_THAT(BindQuery(patch, "book.book_id=x", update), HasViolation("book.book_id"));
  EXPECT_THAT(BindQuery(patch, "updateMask=title", update), IsOk());

  library::GetBookRequest get;
  EXPECT_THAT(BindQuery(RouteOf("GET", "/v1/books/b1"), "book_id=x", get), HasViolation("book_id"));

  library::LendBookRequest lend;
  EXPECT_THAT(BindQuery(RouteOf("POST", "/v1/books/b1:lend"), "reader=x", lend),
              HasViolation("reader"));
}

TEST(QueryBindingTest, NamesEveryParameterAtFault) {
  const auto kinds = Bind("nope=1&int32_value=x&string_value=fine");
  EXPECT_THAT(kinds, AllOf(HasViolation("nope"), HasViolation("int32_value"),
                           Not(HasViolation("string_value"))));
}

TEST(QueryBindingTest, RefusesBrokenEncoding) {
  for (const char* query :
       {"left=%", "left=%0", "left=%gg", "left=%00", "left=%ff", "%ff=1", "left=\xff"}) {
    EXPECT_EQ(Violation(query), "INVALID_ENCODING") << query;
  }
}

TEST(QueryBindingTest, LimitsParameters) {
  std::string query = "numbers=0";
  for (int i = 1; i < kMaxQueryParameters; ++i) query += "&numbers=1";
  EXPECT_THAT(Bind(query), IsOk());
  EXPECT_EQ(Violation(query + "&numbers=1"), "TOO_MANY_PARAMETERS");
  for (int i = 0; i < 5000; ++i) query += "&x=1";
  EXPECT_EQ(Violation(query), "TOO_MANY_PARAMETERS");
}

TEST(QueryBindingTest, LongNamesAreCutInTheAnswer) {
  std::string deep = "inner";
  for (int i = 0; i < 1000; ++i) deep += ".inner";
  const auto kinds = Bind(deep + ".left=x");
  ASSERT_THAT(kinds, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_LE(DetailsOf(kinds.status()).violations[0].field.size(), 200u);
}

}  // namespace
}  // namespace rostrum::gateway
