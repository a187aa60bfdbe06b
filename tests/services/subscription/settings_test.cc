#include "services/subscription/settings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rostrum::subscription {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kOld(32, 'o'), kNew(32, 'n');

class WebhookSecretsTest : public testing::Test {
 protected:
  // The secrets, and what is found wrong with the settings in `error_`.
  std::vector<std::string> Read(const std::string& given) {
    Settings env({{"PAYMENT_WEBHOOK_SECRET", given}});
    std::vector<std::string> secrets = ReadSubscriptionSettings(env).test_provider.secrets;
    error_ = std::string(env.Check().message());
    return secrets;
  }

  std::string error_;
};

TEST_F(WebhookSecretsTest, TwoMayStandSideBySide) {
  EXPECT_THAT(Read(kNew + "," + kOld), ElementsAre(kNew, kOld));
  EXPECT_THAT(error_, Not(HasSubstr("PAYMENT_WEBHOOK_SECRET")));
}

TEST_F(WebhookSecretsTest, EachIsLongEnough) {
  Read(kNew + ",short");
  EXPECT_THAT(error_, HasSubstr("PAYMENT_WEBHOOK_SECRET: one of them is too short"));
}

TEST_F(WebhookSecretsTest, ThereIsOne) {
  EXPECT_THAT(Read(std::string(40, ',')), IsEmpty());
  EXPECT_THAT(error_, HasSubstr("PAYMENT_WEBHOOK_SECRET: holds no secret"));
}

}  // namespace
}  // namespace rostrum::subscription
