#include "services/common/base/settings.h"

#include <cstdio>
#include <fstream>

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Variables = std::map<std::string, std::string>;

std::string TempFile(const std::string& content) {
  const std::string path = testing::TempDir() + "/settings_" +
                           testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string Message(const Settings& settings) { return std::string(settings.Check().message()); }

TEST(SettingsTest, ReadsEveryKind) {
  Settings env(
      Variables{{"URL", "postgres://x"}, {"PORT", "80"}, {"ON", "true"}, {"TTL", "1h30m"}});
  EXPECT_EQ(env.Required("URL", "Where."), "postgres://x");
  EXPECT_EQ(env.Int("PORT", 1, 1, 65535, "Port."), 80);
  EXPECT_TRUE(env.Bool("ON", false, "On."));
  EXPECT_EQ(env.Duration("TTL", absl::Seconds(1), "How long."), absl::Minutes(90));
  EXPECT_EQ(env.String("NAME", "none", "Name."), "none");
  EXPECT_THAT(env.Check(), IsOk());
}

TEST(SettingsTest, NamesAllThatIsWrongAtOnce) {
  Settings env(Variables{{"PORT", "70000"},
                         {"POOL", "many"},
                         {"ON", "maybe"},
                         {"TTL", "-1s"},
                         {"AGE", "soon"},
                         {"KEY", "short"}});
  env.Required("PG_URL", "");
  env.Int("PORT", 1, 1, 65535, "");
  env.Int("POOL", 16, 1, 100, "");
  env.Bool("ON", false, "");
  env.Duration("TTL", absl::Seconds(1), "");
  env.Duration("AGE", absl::Seconds(1), "");
  env.Secret("KEY", 32, "");
  EXPECT_THAT(env.Check(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Message(env),
            "PG_URL is not set; PORT: 70000 is not between 1 and 65535; "
            "POOL: \"many\" is not a whole number; ON: \"maybe\" is neither true nor false; "
            "TTL: -1s is not more than zero; AGE: \"soon\" is not a duration such as 30s or 24h; "
            "KEY must be at least 32 bytes long");
}

TEST(SettingsTest, RefusesNumbersBeyondAllTypes) {
  Settings env(Variables{{"A", "99999999999"}, {"B", "99999999999999999999999"}, {"C", "1.5"}});
  for (const char* name : {"A", "B", "C"}) EXPECT_EQ(env.Int(name, 7, 0, 10, ""), 7);
  EXPECT_THAT(Message(env), HasSubstr("A: 99999999999 is not between 0 and 10"));
  EXPECT_THAT(Message(env), HasSubstr("B: "));
  EXPECT_THAT(Message(env), HasSubstr("C: "));
}

TEST(SettingsTest, TakesEmptyForNotSetWhereRequired) {
  Settings env(Variables{{"URL", ""}});
  env.Required("URL", "");
  EXPECT_EQ(Message(env), "URL is not set");
}

TEST(SettingsTest, ReadsAValueFromAFile) {
  Settings env(Variables{{"KEY_FILE", TempFile("0123456789abcdef\n")}});
  EXPECT_EQ(env.Secret("KEY", 16, ""), "0123456789abcdef");
  EXPECT_THAT(env.Check(), IsOk());
}

TEST(SettingsTest, RefusesAFileThatIsNotThere) {
  Settings env(Variables{{"KEY_FILE", "/nonexistent/key"}});
  EXPECT_EQ(env.Secret("KEY", 16, ""), "");
  EXPECT_EQ(env.Find("KEY"), nullptr);
  EXPECT_EQ(Message(env), "KEY_FILE: cannot read /nonexistent/key");
}

TEST(SettingsTest, RefusesValueAndFileTogether) {
  Settings env(Variables{{"KEY", "0123456789abcdef"}, {"KEY_FILE", TempFile("x")}});
  env.Secret("KEY", 16, "");
  EXPECT_EQ(Message(env), "KEY and KEY_FILE are both set");
}

TEST(SettingsTest, NeverPrintsASecret) {
  Settings env(Variables{{"KEY", "hunter2"}});
  env.Secret("KEY", 32, "");
  EXPECT_THAT(Message(env), Not(HasSubstr("hunter2")));
}

TEST(SettingsTest, RemembersWhatWasDeclared) {
  Settings env(Variables{});
  env.Int("PORT", 50051, 1, 65535, "Port of the gRPC server.");
  env.Secret("KEY", 32, "Signs.");
  env.Duration("TTL", absl::Hours(24), "How long.");
  ASSERT_EQ(env.declared().size(), 3u);
  EXPECT_EQ(env.declared()[0].fallback, "50051");
  EXPECT_FALSE(env.declared()[0].required);
  EXPECT_TRUE(env.declared()[1].required);
  EXPECT_TRUE(env.declared()[1].secret);
  EXPECT_EQ(env.declared()[2].fallback, "24h");
}

}  // namespace
}  // namespace rostrum
