#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/common/events/epoch.h"
#include "tests/services/content/worlds.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::ElementsAre;

// Changes as PostgreSQL tells of them; what every store tells is in the contract test.
class ReaderChangesTest : public ::testing::Test {
 protected:
  ReaderChangesTest() { id_ = StorePublished(world_, setting_.Draft("Peace", "peace")).id; }

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
                        next = PurgeReaderChanges(tx, horizon_);
                        return absl::OkStatus();
                      }),
                IsOk());
    horizon_ = next;
  }
  std::vector<std::string> Kept() { return world_.Query("SELECT count(*) FROM reader_changes"); }

  PostgresWorld world_;
  Setting<PostgresWorld> setting_{world_};
  PostId id_;
  std::string state_, horizon_;
};

TEST_F(ReaderChangesTest, OneThatWasUnderWayIsToldOnceItIsThere) {
  Execute(RenameThePost("War"), [&] {
    HasChanged();
    EXPECT_FALSE(HasChanged());
  });
  EXPECT_TRUE(HasChanged());
  EXPECT_FALSE(HasChanged());
}

TEST_F(ReaderChangesTest, OneIsToldOnceThoughAnOlderTransactionIsOpen) {
  HasChanged();
  Execute("SELECT pg_current_xact_id()", [&] {
    world_.Execute(RenameThePost("War"));
    EXPECT_TRUE(HasChanged());
    EXPECT_FALSE(HasChanged());
  });
  EXPECT_FALSE(HasChanged());
}

TEST_F(ReaderChangesTest, OneThatWasTakenBackIsNotTold) {
  HasChanged();
  EXPECT_THAT(RunTx(world_.database.pool,
                    [&](Transaction& tx) {
                      tx.exec(RenameThePost("War"));
                      return absl::AbortedError("");
                    }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(HasChanged());
}

TEST_F(ReaderChangesTest, AnotherHistoryIsAChange) {
  HasChanged();
  ASSERT_THAT(BeginEpoch(world_.database.pool), IsOk());
  EXPECT_TRUE(HasChanged());
  EXPECT_FALSE(HasChanged());
  state_ = "another " + state_.substr(state_.find(' ') + 1);
  EXPECT_TRUE(HasChanged());
}

TEST_F(ReaderChangesTest, ManyRowsAreOneChange) {
  StorePublished(world_, setting_.Draft("War", "war"));
  world_.Execute("UPDATE posts SET lede = 'At last'");
  EXPECT_THAT(Kept(), ElementsAre("1"));
}

// A replica must have looked before they are forgotten.
TEST_F(ReaderChangesTest, TheyAreForgottenByTheCleanUpAfterTheNext) {
  world_.Execute(RenameThePost("War"));
  CleanUp();
  EXPECT_THAT(Kept(), ElementsAre("1"));
  world_.Execute(RenameThePost("Peace"));
  CleanUp();
  EXPECT_THAT(Kept(), ElementsAre("1"));
  CleanUp();
  EXPECT_THAT(Kept(), ElementsAre("0"));
}

TEST_F(ReaderChangesTest, OneThatTookLongIsNotForgottenAtOnce) {
  HasChanged();
  Execute(RenameThePost("War"), [&] {
    CleanUp();
    CleanUp();
  });
  CleanUp();
  EXPECT_THAT(Kept(), ElementsAre("1"));
  EXPECT_TRUE(HasChanged());
  CleanUp();
  EXPECT_THAT(Kept(), ElementsAre("0"));
}

}  // namespace
}  // namespace rostrum::content
