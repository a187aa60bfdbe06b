#include <functional>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/events/epoch.h"
#include "tests/services/content/worlds.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::ElementsAre;

// Changes as PostgreSQL tells of them; what every store tells is in the contract test.
class PublishedChangesTest : public ::testing::Test {
 protected:
  PublishedChangesTest() { id_ = StorePublished(world_, setting_.Draft("Peace", "peace")).id; }

  std::string RenameThePost(const std::string& title) {
    return "UPDATE posts SET title = '" + title + "' WHERE post_id = '" + id_.value() + "'";
  }
  // In a transaction that is still open while `meanwhile` runs.
  void Execute(const std::string& sql, const std::function<void()>& meanwhile) {
    ASSERT_THAT(RunTx(world_.database.pool,
                      [&](Transaction& tx) {
                        tx.exec(sql);
                        meanwhile();
                        return absl::OkStatus();
                      }),
                IsOk());
  }
  bool HasChanged() {
    const auto look = world_.stored_posts.LookForChanges(state_);
    EXPECT_THAT(look, IsOk());
    state_ = look->state;
    return look->changed;
  }
  void CleanUp() {
    std::string next;
    ASSERT_THAT(RunTx(world_.database.pool,
                      [&](Transaction& tx) {
                        next = PurgePublishedChanges(tx, horizon_);
                        return absl::OkStatus();
                      }),
                IsOk());
    horizon_ = next;
  }
  // Until all are forgotten: PostgreSQL's own transactions may still be open.
  void CleanUpAll() {
    for (int i = 0; i < 100 && Kept() != std::vector<std::string>{"0"}; ++i) {
      CleanUp();
      absl::SleepFor(absl::Milliseconds(50));
    }
    EXPECT_THAT(Kept(), ElementsAre("0"));
  }
  std::vector<std::string> Kept() { return world_.Query("SELECT count(*) FROM published_changes"); }

  PostgresWorld world_;
  Setting<PostgresWorld> setting_{world_};
  PostId id_;
  std::string state_, horizon_;
};

TEST_F(PublishedChangesTest, OneThatWasUnderWayIsToldOnceItIsThere) {
  Execute(RenameThePost("War"), [&] {
    HasChanged();
    EXPECT_FALSE(HasChanged());
  });
  EXPECT_TRUE(HasChanged());
  EXPECT_FALSE(HasChanged());
}

TEST_F(PublishedChangesTest, OneIsToldOnceThoughAnOlderTransactionIsOpen) {
  HasChanged();
  Execute("SELECT pg_current_xact_id()", [&] {
    world_.Execute(RenameThePost("War"));
    EXPECT_TRUE(HasChanged());
    EXPECT_FALSE(HasChanged());
  });
  EXPECT_FALSE(HasChanged());
}

TEST_F(PublishedChangesTest, OneThatWasTakenBackIsNotTold) {
  HasChanged();
  EXPECT_THAT(RunTx(world_.database.pool,
                    [&](Transaction& tx) {
                      tx.exec(RenameThePost("War"));
                      return absl::AbortedError("");
                    }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(HasChanged());
}

TEST_F(PublishedChangesTest, AnotherHistoryIsAChange) {
  HasChanged();
  ASSERT_THAT(BeginEpoch(world_.database.pool), IsOk());
  EXPECT_TRUE(HasChanged());
  EXPECT_FALSE(HasChanged());
  state_ = "another " + state_.substr(state_.find(' ') + 1);
  EXPECT_TRUE(HasChanged());
}

// A dump brings those of another server, where ids were higher.
TEST_F(PublishedChangesTest, OneThatIsStillToComeIsNotTold) {
  world_.Execute("INSERT INTO published_changes VALUES ('9000000000')");
  HasChanged();
  EXPECT_FALSE(HasChanged());
}

TEST_F(PublishedChangesTest, ManyRowsAreOneChange) {
  StorePublished(world_, setting_.Draft("War", "war"));
  world_.Execute("UPDATE posts SET lede = 'At last'");
  EXPECT_THAT(Kept(), ElementsAre("1"));
}

// A replica must have looked before they are forgotten.
TEST_F(PublishedChangesTest, TheyAreForgottenByTheCleanUpAfterTheNext) {
  world_.Execute(RenameThePost("War"));
  CleanUp();
  EXPECT_THAT(Kept(), ElementsAre("1"));
  CleanUpAll();
}

TEST_F(PublishedChangesTest, OneThatTookLongIsNotForgottenAtOnce) {
  HasChanged();
  Execute(RenameThePost("War"), [&] {
    CleanUp();
    CleanUp();
  });
  CleanUp();
  EXPECT_THAT(Kept(), ElementsAre("1"));
  EXPECT_TRUE(HasChanged());
  CleanUpAll();
}

}  // namespace
}  // namespace rostrum::content
