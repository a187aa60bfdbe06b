#include "services/common/postgres/fields.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/ids.h"
#include "services/common/postgres/transaction.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

template <class T>
std::optional<T> Nullable(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<T>();
}

class FieldsTest : public ::testing::Test {
 protected:
  // What `reader` makes of SELECT <expression> with one parameter.
  template <class Parameter, class Reader>
  auto Select(const std::string& expression, const Parameter& parameter, Reader reader) {
    using Value = decltype(reader(std::declval<const pqxx::field&>()));
    return RunRead<Value>(database_.pool, [&](Transaction& tx) -> absl::StatusOr<Value> {
      return reader(tx.ExecOne("SELECT " + expression, parameter)[0]);
    });
  }

  TestDatabase database_{{}};
};

absl::Time Parse(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

TEST_F(FieldsTest, KeepsTimesToTheMicrosecond) {
  for (const char* text :
       {"2026-07-31T12:34:56.789012Z", "2026-07-31T12:34:56Z", "2026-07-31T12:34:56.1Z",
        "2024-02-29T23:59:59.999999Z", "1969-12-31T23:59:59.000001Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z"}) {
    const absl::Time time = Parse(text);
    EXPECT_THAT(Select("$1::timestamptz", SqlTime(time), ReadTime), IsOkAndHolds(time)) << text;
  }
}

TEST_F(FieldsTest, CutsTimesBelowTheMicrosecond) {
  const absl::Time time = Parse("2026-07-31T12:34:56.789012Z");
  EXPECT_THAT(Select("$1::timestamptz", SqlTime(time + absl::Nanoseconds(999)), ReadTime),
              IsOkAndHolds(time));
}

TEST_F(FieldsTest, ReadsATimeOfTheServerAsUtc) {
  EXPECT_THAT(Select("$1::timestamptz", "2026-07-31 14:00:00+02", ReadTime),
              IsOkAndHolds(Parse("2026-07-31T12:00:00Z")));
}

TEST_F(FieldsTest, RefusesATimeWithoutAZone) {
  EXPECT_THAT(Select("$1::timestamp", "2026-07-31 14:00:00", ReadTime),
              StatusIs(absl::StatusCode::kInternal));
}

TEST_F(FieldsTest, KeepsNullTimes) {
  const absl::Time time = Parse("2026-07-31T12:34:56.789012Z");
  EXPECT_THAT(Select("$1::timestamptz", SqlTime(std::optional<absl::Time>()), ReadOptionalTime),
              IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Select("$1::timestamptz", SqlTime(std::optional<absl::Time>(time)), ReadOptionalTime),
              IsOkAndHolds(time));
}

TEST_F(FieldsTest, KeepsNullTextsAndNumbersApartFromEmptyOnes) {
  const std::optional<std::string> none;
  EXPECT_THAT(Select("$1::text", none, Nullable<std::string>), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Select("$1::text", std::optional<std::string>(""), Nullable<std::string>),
              IsOkAndHolds(std::optional<std::string>("")));
  EXPECT_THAT(Select("$1::bigint", none, Nullable<int64_t>), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Select("$1::bigint", INT64_MIN, Nullable<int64_t>), IsOkAndHolds(INT64_MIN));
}

TEST_F(FieldsTest, KeepsIds) {
  const PostId id("00000000-0000-7000-8000-00000000000a");
  EXPECT_EQ(Select("$1::uuid", id.value(), ReadId<PostId>).value(), id);
  EXPECT_EQ(Select("$1::uuid", id.value(), ReadOptionalId<PostId>).value(), id);
  EXPECT_EQ(Select("$1::uuid", std::optional<std::string>(), ReadOptionalId<PostId>).value(),
            std::nullopt);
}

TEST_F(FieldsTest, KeepsEveryByte) {
  std::string bytes;
  for (int i = 0; i < 512; ++i) bytes.push_back(static_cast<char>(i % 256));
  EXPECT_THAT(Select("$1::bytea", SqlBytes(bytes), ReadBytes), IsOkAndHolds(bytes));
  EXPECT_THAT(Select("length($1::bytea)", SqlBytes(bytes), Nullable<int>), IsOkAndHolds(512));
  EXPECT_THAT(Select("$1::bytea", SqlBytes(""), ReadBytes), IsOkAndHolds(std::string()));
}

TEST_F(FieldsTest, KeepsHostileTextsInArrays) {
  const Texts texts = {"",       "NULL",  "null",    "{}",      "{a,b}",     "\"",   "\"\"",
                       "\\",     "\\\"",  "a,b",     " ",       " x ",       "a\nb", "\t",
                       "it's",   "$1",    "ключ 鍵", "\\u0041", "}",         "{",    ",",
                       "\\\\\"", "a\"b,", "--",      "😀",       "\xc2\xa0x", "\r\n", "'; DROP"};
  EXPECT_THAT(Select("$1::text[]", SqlArray(texts), ReadArray), IsOkAndHolds(texts));
  // As PostgreSQL itself counts and sees them.
  EXPECT_THAT(Select("cardinality($1::text[])", SqlArray(texts), Nullable<size_t>),
              IsOkAndHolds(texts.size()));
  for (const std::string& text : texts) {
    EXPECT_THAT(Select("($1::text[])[1]", SqlArray({text}), ReadText), IsOkAndHolds(text));
  }
}

TEST_F(FieldsTest, KeepsEmptyArraysAndArraysOfIds) {
  EXPECT_THAT(Select("$1::text[]", SqlArray({}), ReadArray), IsOkAndHolds(IsEmpty()));
  const std::string id = "00000000-0000-7000-8000-00000000000a";
  EXPECT_THAT(Select("$1::uuid[]", SqlArray({id, id}), ReadArray),
              IsOkAndHolds(ElementsAre(id, id)));
}

}  // namespace
}  // namespace rostrum
