#include "services/content/version_leases.h"

#include <atomic>
#include <functional>
#include <utility>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/services/content/worlds.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

using ::testing::IsEmpty;

constexpr absl::Duration kLong = absl::Hours(1);

// Counts what it is asked, and can be held up between looking and answering.
class WatchedStore final : public PostStore {
 public:
  explicit WatchedStore(PostStore& posts) : posts_(posts) {}

  std::function<void()> before_answer;  // called once
  std::atomic<int> asked = 0;           // for versions
  std::atomic<int> looked = 0;          // for changes
  std::atomic<bool> away = false;

  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override {
    const auto versions = posts_.GetVersions(ids);
    ++asked;
    if (away) return absl::UnavailableError("away");
    if (before_answer) std::exchange(before_answer, nullptr)();
    return versions;
  }
  absl::StatusOr<Look> LookForChanges(const std::string& since) override {
    ++looked;
    if (away) return absl::UnavailableError("away");
    return posts_.LookForChanges(since);
  }
  absl::StatusOr<PostSummary> Find(const PostRef& ref) override { return posts_.Find(ref); }
  absl::StatusOr<std::map<PostId, PostSummary>> FindAll(const std::vector<PostId>& ids) override {
    return posts_.FindAll(ids);
  }
  absl::StatusOr<std::map<SlugPair, PostId>> Resolve(const std::vector<SlugPair>& places) override {
    return posts_.Resolve(places);
  }
  absl::StatusOr<PostFacts> GetFacts(const PostId& id) override { return posts_.GetFacts(id); }
  absl::StatusOr<std::map<TextRef, std::string>> GetTexts(
      const std::vector<TextRef>& refs) override {
    return posts_.GetTexts(refs);
  }
  absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) override {
    return posts_.List(query);
  }

 private:
  PostStore& posts_;
};

class VersionLeasesTest : public ::testing::Test {
 protected:
  VersionLeasesTest() { id_ = StorePublished(world_, setting_.Draft("Peace", "peace")).id; }

  VersionLeases Leases(absl::Duration lease) { return {store_, 1 << 20, lease}; }
  void SetVersion(int64_t version) {
    ASSERT_THAT(world_.manuscripts.Update(id_,
                                          [&](Manuscript& stored) {
                                            stored.version = version;
                                            return absl::OkStatus();
                                          }),
                IsOk());
  }
  ReaderVersion Present() { return world_.posts.GetVersions({id_})->at(id_).version; }

  FakeWorld world_;
  Setting<FakeWorld> setting_{world_};
  WatchedStore store_{world_.posts};
  PostId id_;
};

TEST_F(VersionLeasesTest, HoldsWhatWasAskedAndNothingElse) {
  VersionLeases leases = Leases(kLong);
  EXPECT_EQ(leases.Find(id_), nullptr);
  EXPECT_EQ(leases.Ask({id_})->at(id_).version, Present());
  ASSERT_NE(leases.Find(id_), nullptr);
  EXPECT_EQ(leases.Find(id_)->present().version, Present());
  EXPECT_LE(leases.TimeLeft(*leases.Find(id_)), kLong);
  EXPECT_THAT(*leases.Ask({PostId("00000000-0000-7000-8000-000000000001")}), IsEmpty());
}

TEST_F(VersionLeasesTest, WithoutALeaseNothingIsHeld) {
  VersionLeases leases = Leases(absl::ZeroDuration());
  EXPECT_THAT(leases.Ask({id_}), IsOk());
  EXPECT_EQ(leases.Find(id_), nullptr);
}

// Else an old text could be kept as that of the new version.
TEST_F(VersionLeasesTest, AnAnswerThatWasOvertakenIsTheLaterOne) {
  VersionLeases leases = Leases(kLong);
  store_.before_answer = [&] {
    SetVersion(9);
    EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 9);
  };
  EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 9);
  EXPECT_EQ(leases.Find(id_)->present().version.post, 9);
}

// Nor does it matter whether a lease still runs.
TEST_F(VersionLeasesTest, AnAnswerThatWasOvertakenByOneWhoseLeaseEndedIsTheLaterOneToo) {
  constexpr absl::Duration kShort = absl::Milliseconds(20);
  VersionLeases leases = Leases(kShort);
  store_.before_answer = [&] {
    SetVersion(9);
    EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 9);
    absl::SleepFor(kShort);
  };
  EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 9);
}

TEST_F(VersionLeasesTest, ARestoredDatabaseIsBelieved) {
  VersionLeases leases = Leases(kLong);
  SetVersion(9);
  EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 9);
  SetVersion(2);
  EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 2);
}

// Reads on while the store is looked at.
class UnchangedTest : public VersionLeasesTest {
 protected:
  static constexpr absl::Duration kLease = absl::Milliseconds(200);

  // Reads for so long. Whether it was held all the time.
  bool Read(absl::Duration time) {
    bool held = true;
    const absl::Time end = absl::Now() + time;
    while (absl::Now() < end) {
      held &= leases_.Find(id_) != nullptr;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return held;
  }
  // Asks until it is held for three leases: on a busy machine a look may come late.
  bool IsHeldOn() {
    const absl::Time end = absl::Now() + absl::Seconds(30);
    while (absl::Now() < end) {
      if (leases_.Ask({id_}).ok() && Read(3 * kLease)) return true;
    }
    return false;
  }
  void Edit(subscription::v1::AccessLevel level) {
    const auto edit = [&](Manuscript& stored) {
      ManuscriptContent content = stored.content;
      content.access_level = level;
      return content::Edit(stored, content, {.account_id = kAnna}, "", kNoon);
    };
    ASSERT_THAT(world_.manuscripts.Update(id_, edit), IsOk());
  }

  VersionLeases leases_{store_, 1 << 20, kLease};
};

TEST_F(UnchangedTest, WhatHasNotChangedIsHeldOn) { EXPECT_TRUE(IsHeldOn()); }

TEST_F(UnchangedTest, AfterAWhileItIsAskedForAllTheSame) {
  VersionLeases leases(store_, 1 << 20, kLease, {.ask_again = kLease});
  ASSERT_THAT(leases.Ask({id_}), IsOk());
  const absl::Time end = absl::Now() + 3 * kLease;
  while (absl::Now() < end) leases.Find(id_);
  EXPECT_EQ(leases.Find(id_), nullptr);
}

// The store may have forgotten changes in between.
TEST_F(UnchangedTest, AfterALongGapNothingIsHeldOn) {
  VersionLeases leases(store_, 1 << 20, kLease, {.gap = absl::ZeroDuration()});
  ASSERT_THAT(leases.Ask({id_}), IsOk());
  const absl::Time end = absl::Now() + 2 * kLease;
  while (absl::Now() < end) leases.Find(id_);
  EXPECT_EQ(leases.Find(id_), nullptr);
}

// What was asked for before the change must not be called present by a look after it,
// though its answer comes later.
TEST_F(UnchangedTest, AnAnswerThatALookOvertookIsNotHeldOn) {
  ASSERT_TRUE(IsHeldOn());
  store_.before_answer = [&] {
    Edit(subscription::v1::ACCESS_LEVEL_PREMIUM);
    const int looked = store_.looked;
    const absl::Time end = absl::Now() + absl::Seconds(20);
    while (store_.looked < looked + 2 && absl::Now() < end) Read(absl::Milliseconds(10));
  };
  ASSERT_THAT(leases_.Ask({id_}), IsOk());
  Read(2 * kLease);
  EXPECT_EQ(leases_.Find(id_), nullptr);
}

TEST_F(UnchangedTest, WhatWasWithdrawnIsNotHeldForLongerThanTheLease) {
  ASSERT_TRUE(IsHeldOn());
  ASSERT_THAT(world_.manuscripts.Update(
                  id_, [](Manuscript& stored) { return Unpublish(stored, "", kNoon); }),
              IsOk());
  Read(kLease);
  EXPECT_EQ(leases_.Find(id_), nullptr);
  EXPECT_THAT(*leases_.Ask({id_}), IsEmpty());
  Read(kLease);
  EXPECT_EQ(leases_.Find(id_), nullptr);
}

TEST_F(UnchangedTest, WhatBecamePremiumIsAskedForAfterTheLeaseAndHeldAsThat) {
  ASSERT_TRUE(IsHeldOn());
  Edit(subscription::v1::ACCESS_LEVEL_PREMIUM);
  Read(kLease);
  EXPECT_EQ(leases_.Find(id_), nullptr);
  ASSERT_TRUE(IsHeldOn());
  const auto held = leases_.Find(id_);
  if (held == nullptr) return;  // the machine is very busy
  EXPECT_EQ(held->present().facts.access_level, subscription::v1::ACCESS_LEVEL_PREMIUM);
}

// What was asked for before a change that a look missed must not be called present by
// the next look.
TEST_F(UnchangedTest, AChangeInAnOutageIsSeenAfterIt) {
  ASSERT_TRUE(IsHeldOn());
  store_.away = true;
  Edit(subscription::v1::ACCESS_LEVEL_PREMIUM);
  Read(2 * kLease);
  EXPECT_EQ(leases_.Find(id_), nullptr);
  store_.away = false;
  const int looked = store_.looked;
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (store_.looked < looked + 3 && absl::Now() < end) Read(absl::Milliseconds(10));
  EXPECT_GE(store_.looked, looked + 3);
  EXPECT_EQ(leases_.Find(id_), nullptr);
}

TEST_F(UnchangedTest, AnOutageEndsLeasesAndWhatHasNotChangedIsHeldAgainAfterIt) {
  ASSERT_TRUE(IsHeldOn());
  store_.away = true;
  Read(2 * kLease);
  EXPECT_EQ(leases_.Find(id_), nullptr);
  store_.away = false;
  EXPECT_TRUE(IsHeldOn());
}

TEST_F(UnchangedTest, WhenNothingIsReadNobodyLooks) {
  ASSERT_TRUE(IsHeldOn());
  absl::SleepFor(absl::Seconds(1) + 2 * kLease);
  const int looked = store_.looked;
  absl::SleepFor(2 * kLease);
  EXPECT_EQ(store_.looked, looked);
}

}  // namespace
}  // namespace rostrum::content
