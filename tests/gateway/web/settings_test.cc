#include "gateway/settings.h"

#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rostrum::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PublicUrlTest : public ::testing::Test {
 protected:
  // The origins, and what is found wrong with the settings in `error_`.
  std::vector<std::string> Read(const std::string& given) {
    Settings env({{"PUBLIC_URL", given}});
    std::vector<std::string> origins = ReadGatewaySettings(env).browser.origins;
    error_ = std::string(env.Check().message());
    return origins;
  }

  std::string error_;
};

TEST_F(PublicUrlTest, SeveralMayStandSideBySide) {
  EXPECT_THAT(Read("https://rostrum.test,http://127.0.0.1:8080"),
              ElementsAre("https://rostrum.test", "http://127.0.0.1:8080"));
  EXPECT_THAT(error_, Not(HasSubstr("PUBLIC_URL")));
}

TEST_F(PublicUrlTest, EachIsAnOrigin) {
  Read("https://rostrum.test/somewhere");
  EXPECT_THAT(error_, HasSubstr("PUBLIC_URL: an origin is"));
}

TEST_F(PublicUrlTest, ThereIsOne) {
  EXPECT_THAT(Read(",,"), IsEmpty());
  EXPECT_THAT(error_, HasSubstr("PUBLIC_URL: holds no address"));
}

GatewaySettings SettingsWith(const std::map<std::string, std::string>& given) {
  Settings env(given);
  return ReadGatewaySettings(env);
}

TEST(ReadTimeoutTest, CountsForCallsThatManyShare) {
  const auto call_time = [](const std::map<std::string, std::string>& given) {
    return SettingsWith(given).shared_calls.limits.call_time;
  };
  EXPECT_EQ(call_time({}), absl::Milliseconds(3750));
  EXPECT_EQ(call_time({{"READ_TIMEOUT", "2s"}}), absl::Milliseconds(1500));
  // Pages make several calls one after the other.
  EXPECT_EQ(call_time({{"READ_TIMEOUT", "20s"}}), absl::Milliseconds(3750));
}

TEST(ArticleCacheMibTest, IsDividedAndNoMore) {
  const GatewaySettings settings = SettingsWith({{"ARTICLE_CACHE_MIB", "64"}});
  EXPECT_EQ(settings.shared_calls.answer_bytes, 4u << 20);
  EXPECT_EQ(settings.shared_calls.made_bytes, 8u << 20);
  EXPECT_EQ(settings.site.cache_bytes, 52u << 20);
}

}  // namespace
}  // namespace rostrum::gateway
