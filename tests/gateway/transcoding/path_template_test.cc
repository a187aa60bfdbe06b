#include "gateway/transcoding/path_template.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rostrum::gateway {
namespace {

using ::testing::HasSubstr;

PathTemplate Parsed(const std::string& text) {
  auto parsed = PathTemplate::Parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : PathTemplate();
}

TEST(PathTemplateTest, ReadsLiteralsWildcardsAndVerb) {
  const PathTemplate path = Parsed("/v1/posts/*/parts/**:publish");
  EXPECT_EQ(path.Shape(), "/v1/posts/*/parts/**:publish");
  EXPECT_EQ(path.verb, "publish");
  EXPECT_EQ(path.MultiIndex(), 4);
  EXPECT_TRUE(path.variables.empty());
}

TEST(PathTemplateTest, AVariableIsOneSegmentUnlessItSaysMore) {
  const PathTemplate path = Parsed("/v1/{a}/{b.c=posts/*}/{d_1=**}");
  ASSERT_EQ(path.variables.size(), 3u);
  EXPECT_EQ(path.variables[0].field_path, "a");
  EXPECT_FALSE(path.variables[0].multi_segment);
  EXPECT_EQ(path.variables[1].field_path, "b.c");
  EXPECT_EQ(path.variables[1].begin, 2);
  EXPECT_EQ(path.variables[1].end, 4);
  EXPECT_TRUE(path.variables[1].multi_segment);
  EXPECT_TRUE(path.variables[2].multi_segment);
  EXPECT_EQ(path.Shape(), "/v1/*/posts/*/**");
}

TEST(PathTemplateTest, SpelledOutWildcardIsTheSame) {
  EXPECT_EQ(Parsed("/v1/{a=*}").Shape(), Parsed("/v1/{b}").Shape());
  EXPECT_FALSE(Parsed("/v1/{a=*}").variables[0].multi_segment);
}

TEST(PathTemplateTest, LiteralsMayFollowTheLongWildcard) {
  EXPECT_EQ(Parsed("/a/{x=**}/c").Shape(), "/a/**/c");
}

class MalformedTemplateTest : public ::testing::TestWithParam<const char*> {};

TEST_P(MalformedTemplateTest, IsRefusedAndNamed) {
  const auto parsed = PathTemplate::Parse(GetParam());
  ASSERT_FALSE(parsed.ok()) << GetParam();
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(All, MalformedTemplateTest,
                         ::testing::Values("", "/", "v1/posts", "//", "/v1/", "/v1//posts",
                                           "/v1/posts/", "/{", "/{}", "/{x", "/{x=}", "/{x=/a}",
                                           "/{x=a/}", "/{x={y}}", "/{x}}", "/{x.}", "/{.x}",
                                           "/{x..y}", "/{1x}", "/{x-y}", "/{x}y", "/x{y}", "/a*",
                                           "/*a", "/***", "/a/**/*", "/a/**/foo/*", "/a/**/**",
                                           "/a/{x=b/**}/{y=*}", "/{x=**/*}", "/{x}/{x}",
                                           "/a:", "/a:b/c", "/a:b:c", "/a:{x}", "/a?b", "/a%20b",
                                           "/a b", "/a#b", "/\xc3\xa4", "/a=b"));

}  // namespace
}  // namespace rostrum::gateway
