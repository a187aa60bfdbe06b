#include "gateway/transcoding/json_response.h"

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "rostrum/http/v1/http.pb.h"
#include "rostrum/library/v1/library.pb.h"
#include "tests/gateway/transcoding/golden.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace rostrum::gateway {
namespace {

namespace library = rostrum::library::v1;

library::Kinds OfEveryKind() {
  library::Kinds kinds;
  kinds.set_int32_value(-1);
  kinds.set_int64_value(9223372036854775807);
  kinds.set_uint32_value(4294967295);
  kinds.set_uint64_value(18446744073709551615u);
  kinds.set_float_value(0.1f);
  kinds.set_double_value(1.0 / 3);
  kinds.set_bool_value(true);
  kinds.set_string_value("<a href=\"x\">\n\u2028 \U0001F600");
  kinds.set_bytes_value(std::string("\0\xff", 2));
  kinds.set_enum_value(library::BINDING_CLOTH);
  kinds.mutable_time()->set_seconds(1767225600);
  kinds.mutable_duration()->set_nanos(500'000'000);
  kinds.mutable_mask()->add_paths("display_name");
  kinds.mutable_int64_wrapper()->set_value(5);
  kinds.add_numbers(1);
  kinds.add_strings("s");
  kinds.add_publishers()->set_town("Rome");
  (*kinds.mutable_by_name())["x"].set_town("Oslo");
  kinds.set_right(0);
  (*kinds.mutable_free()->mutable_fields())["k"].set_number_value(2);
  kinds.mutable_any()->PackFrom(library::Publisher());
  return kinds;
}

TEST(JsonResponseTest, GoldenFormOfEveryKind) {
  const auto json = ToJson(OfEveryKind());
  ASSERT_THAT(json, IsOk());
  ExpectGolden("kinds.json", nlohmann::ordered_json::parse(*json).dump(2) + "\n");
}

TEST(JsonResponseTest, ComesBackTheSame) {
  library::Kinds back;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*ToJson(OfEveryKind()), &back).ok());
  EXPECT_THAT(back, EqualsProto(OfEveryKind()));
}

TEST(JsonResponseTest, PrintsDefaultsAndNamesInCamelCase) {
  EXPECT_THAT(ToJson(library::ListBooksResponse()),
              IsOkAndHolds(std::string(R"({"books":[],"nextPageToken":""})")));
  library::ListBooksResponse one;
  one.add_books()->set_loan_count(3);
  EXPECT_THAT(
      ToJson(one),
      IsOkAndHolds(std::string(
          R"({"books":[{"bookId":"","title":"","loanCount":"3","topics":[],)"
          R"("binding":"BINDING_UNSPECIFIED","notes":{},"etag":""}],"nextPageToken":""})")));
}

TEST(JsonResponseTest, GivesOneFieldAlone) {
  const auto field = [](const google::protobuf::Message& message, const char* name) {
    return ToJson(message, message.GetDescriptor()->FindFieldByName(name));
  };
  library::ListTitlesResponse titles;
  EXPECT_THAT(field(titles, "titles"), IsOkAndHolds(std::string("[]")));
  titles.add_titles("a");
  EXPECT_THAT(field(titles, "titles"), IsOkAndHolds(std::string(R"(["a"])")));
  library::Kinds kinds = OfEveryKind();
  EXPECT_THAT(field(kinds, "int64_value"), IsOkAndHolds(std::string(R"("9223372036854775807")")));
  EXPECT_THAT(field(kinds, "maybe"), IsOkAndHolds(std::string("null")));
  EXPECT_THAT(field(kinds, "publisher"),
              IsOkAndHolds(std::string(R"({"displayName":"","town":""})")));
}

TEST(JsonResponseTest, WhatHasNoJsonIsAnError) {
  library::Kinds kinds;
  kinds.mutable_any()->set_type_url("type.googleapis.com/no.Such");
  kinds.mutable_any()->set_value("\x08\x01");
  EXPECT_THAT(ToJson(kinds), HasReason("BAD_RESPONSE"));
  kinds.Clear();
  kinds.mutable_time()->set_seconds(999'999'999'999);
  EXPECT_THAT(ToJson(kinds), HasReason("BAD_RESPONSE"));
}

TEST(RawResponseTest, HasTypeAndBytes) {
  http::v1::HttpBody body;
  body.set_data(std::string("\0\xff", 2));
  EXPECT_EQ(ToRawResponse(body.SerializeAsString())->content_type, "application/octet-stream");
  body.set_content_type("image/webp");
  body.set_cache_control("public, max-age=60");
  const auto raw = ToRawResponse(body.SerializeAsString());
  ASSERT_THAT(raw, IsOk());
  EXPECT_EQ(raw->content_type, "image/webp");
  EXPECT_EQ(raw->data, body.data());
  EXPECT_EQ(raw->cache_control, "public, max-age=60");
}

TEST(RawResponseTest, RefusesHeaderValuesThatBreakOut) {
  http::v1::HttpBody body;
  body.set_content_type("text/html\r\nSet-Cookie: a=b");
  EXPECT_THAT(ToRawResponse(body.SerializeAsString()), HasReason("BAD_RESPONSE"));
  body.set_content_type("text/html");
  body.set_cache_control("no-store\n");
  EXPECT_THAT(ToRawResponse(body.SerializeAsString()), HasReason("BAD_RESPONSE"));
  EXPECT_THAT(ToRawResponse("\xff"), HasReason("BAD_RESPONSE"));
}

}  // namespace
}  // namespace rostrum::gateway
