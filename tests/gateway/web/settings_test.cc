#include "gateway/settings.h"

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

}  // namespace
}  // namespace rostrum::gateway
