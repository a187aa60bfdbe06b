#include "services/subscription/new_visitors.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/base/crypto.h"
#include "tests/support/storage/redis_server.h"

namespace rostrum::subscription {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class NewVisitorsTest : public ::testing::Test {
 protected:
  std::vector<bool> Admit(const std::vector<std::string>& passes, const std::string& network) {
    std::vector<NewVisitor> all;
    for (const std::string& pass : passes) all.push_back({network, pass});
    return visitors_.Admit(all).value();
  }
  TestRedis redis_;
  const NewVisitors visitors_{redis_.redis, "", 100};
};

TEST_F(NewVisitorsTest, AdmitsSoManyOfANetwork) {
  std::vector<std::string> passes;
  for (int i = 0; i < 200; ++i) passes.push_back(Sha256(absl::StrCat("pass ", i)));
  const std::vector<bool> admitted = Admit(passes, "net");
  EXPECT_NEAR(std::count(admitted.begin(), admitted.end(), true), 100, 5) << "a sketch counts";
  EXPECT_THAT(Admit({passes[0], passes[1]}, "other net"), ElementsAre(true, true));
  EXPECT_THAT(Admit(passes, ""), Each(true)) << "of an unknown network";
}

TEST_F(NewVisitorsTest, TheSameVisitorCountsOnce) {
  const std::vector<std::string> tabs(50, Sha256("pass"));
  for (int i = 0; i < 10; ++i) EXPECT_THAT(Admit(tabs, "net"), Each(true));
}

// Who knew what a pass does to the sketch could send passes that do nothing.
TEST_F(NewVisitorsTest, NobodyCanForeseeTheSketch) {
  const std::string pass = Sha256("pass");
  Admit({pass}, "net");
  const auto changed = redis_.redis.Command({"PFADD", "network:{net}", pass});
  EXPECT_EQ(changed->integer, 1) << "the pass itself is not in it";
}

}  // namespace
}  // namespace rostrum::subscription
