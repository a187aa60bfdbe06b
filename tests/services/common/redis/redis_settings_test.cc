#include "services/common/redis/redis_settings.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Variables = std::map<std::string, std::string>;

TEST(RedisSettingsTest, EachHasAnAddressOfItsOwnAndBothHaveATime) {
  Settings env(
      {{"REDIS_URL", "unix:/kept"}, {"REDIS_CACHE_URL", "unix:/cache"}, {"REDIS_TIMEOUT", "2s"}});
  const RedisOptions kept = ReadRedisOptions(env);
  const RedisOptions cache = ReadRedisCacheOptions(env);
  ASSERT_THAT(env.Check(), IsOk());
  EXPECT_EQ(kept.url, "unix:/kept");
  EXPECT_EQ(cache.url, "unix:/cache");
  EXPECT_EQ(kept.command_timeout, absl::Seconds(2));
  EXPECT_EQ(cache.command_timeout, absl::Seconds(2));
}

TEST(RedisSettingsTest, NeedsAnAddressOnly) {
  Settings given(Variables{{"REDIS_URL", "unix:/kept"}});
  EXPECT_EQ(ReadRedisOptions(given).command_timeout, RedisOptions().command_timeout);
  EXPECT_THAT(given.Check(), IsOk());
  Settings empty((Variables()));
  ReadRedisCacheOptions(empty);
  EXPECT_THAT(empty.Check(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RedisSettingsTest, AnAddressThatIsNoneIsNamedAndNotTold) {
  Settings env(
      Variables{{"REDIS_URL", "rediss://:secret@kept"}, {"REDIS_CACHE_URL", "cache:6379"}});
  ReadRedisOptions(env);
  ReadRedisCacheOptions(env);
  const std::string message(env.Check().message());
  EXPECT_THAT(message,
              AllOf(HasSubstr("REDIS_URL: a Redis URL is"),
                    HasSubstr("REDIS_CACHE_URL: a Redis URL is"), Not(HasSubstr("secret"))));
}

}  // namespace
}  // namespace rostrum
