#include "services/common/redis/redis_url.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

TEST(ParseRedisUrlTest, ReadsAllParts) {
  const absl::StatusOr<RedisAddress> address =
      ParseRedisUrl("redis://:p@ss:w/rd@redis.local:6380/3");
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->host, "redis.local");
  EXPECT_EQ(address->port, 6380);
  EXPECT_EQ(address->password, "p@ss:w/rd");
  EXPECT_EQ(address->database, 3);
  EXPECT_EQ(address->unix_path, "");
}

TEST(ParseRedisUrlTest, HasDefaults) {
  for (const char* url : {"redis://localhost", "redis://localhost/", "redis://localhost:6379",
                          "redis://localhost:6379/0"}) {
    const absl::StatusOr<RedisAddress> address = ParseRedisUrl(url);
    ASSERT_THAT(address, IsOk()) << url;
    EXPECT_EQ(address->host, "localhost") << url;
    EXPECT_EQ(address->port, 6379) << url;
    EXPECT_EQ(address->password, "") << url;
    EXPECT_EQ(address->database, 0) << url;
  }
}

TEST(ParseRedisUrlTest, ReadsASocket) {
  const absl::StatusOr<RedisAddress> address = ParseRedisUrl("unix:/run/redis/socket");
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->unix_path, "/run/redis/socket");
  EXPECT_EQ(address->host, "");
}

TEST(ParseRedisUrlTest, RefusesAnythingElse) {
  for (const char* url : {"", "localhost:6379", "http://localhost", "redis://", "redis://:6379",
                          "redis://localhost:", "redis://localhost:0", "redis://localhost:65536",
                          "redis://localhost:x", "redis://localhost/x", "redis://localhost/-1",
                          "redis:///0", "unix:", "unix:relative", "REDIS://localhost",
                          "redis://user:password@localhost", "redis://password@localhost"}) {
    EXPECT_THAT(ParseRedisUrl(url), StatusIs(absl::StatusCode::kInvalidArgument)) << url;
  }
}

TEST(ParseRedisUrlTest, NeverTellsThePassword) {
  const absl::Status status = ParseRedisUrl("redis://:secret@localhost:x").status();
  EXPECT_EQ(std::string(status.message()).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace rostrum
