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
  std::atomic<int> asked = 0;
  std::atomic<bool> away = false;

  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override {
    const auto versions = posts_.GetVersions(ids);
    ++asked;
    if (away) return absl::UnavailableError("away");
    if (before_answer) std::exchange(before_answer, nullptr)();
    return versions;
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

// Reads on while leases are renewed.
class RenewalTest : public VersionLeasesTest {
 protected:
  static constexpr absl::Duration kLease = absl::Milliseconds(200);

  // Reads until the store was asked so often without the reader.
  void ReadUntilRenewed(int times) {
    int own = 0;
    const absl::Time end = absl::Now() + absl::Seconds(20);
    while (store_.asked - own < times && absl::Now() < end) {
      if (leases_.Find(id_) == nullptr) {  // at first, and if the machine is very busy
        ++own;
        ASSERT_THAT(leases_.Ask({id_}), IsOk());
      }
      absl::SleepFor(absl::Milliseconds(10));
    }
    ASSERT_GE(store_.asked - own, times);
  }
  // Whether it is still held after a lease in which it was read all the time.
  bool IsHeldAfterALease() {
    const absl::Time end = absl::Now() + kLease;
    while (absl::Now() < end) {
      leases_.Find(id_);
      absl::SleepFor(absl::Milliseconds(10));
    }
    return leases_.Find(id_) != nullptr;
  }

  VersionLeases leases_{store_, 1 << 20, kLease};
};

TEST_F(RenewalTest, WhatIsReadAgainAndAgainIsRenewedByItself) { ReadUntilRenewed(3); }

TEST_F(RenewalTest, WhatWasWithdrawnIsNotHeldForLongerThanTheLease) {
  ReadUntilRenewed(2);
  ASSERT_THAT(world_.manuscripts.Update(
                  id_, [](Manuscript& stored) { return Unpublish(stored, "", kNoon); }),
              IsOk());
  EXPECT_FALSE(IsHeldAfterALease());
}

TEST_F(RenewalTest, WhatBecamePremiumIsHeldAsThatAfterTheLease) {
  ReadUntilRenewed(2);
  const auto close = [](Manuscript& stored) {
    ManuscriptContent content = stored.content;
    content.access_level = subscription::v1::ACCESS_LEVEL_PREMIUM;
    return Edit(stored, content, {.account_id = kAnna}, "", kNoon);
  };
  ASSERT_THAT(world_.manuscripts.Update(id_, close), IsOk());
  IsHeldAfterALease();
  const auto held = leases_.Find(id_);
  if (held == nullptr) return;  // the machine is very busy
  EXPECT_EQ(held->present().facts.access_level, subscription::v1::ACCESS_LEVEL_PREMIUM);
}

TEST_F(RenewalTest, WhileTheStoreIsAwayLeasesEnd) {
  ReadUntilRenewed(1);
  store_.away = true;
  EXPECT_FALSE(IsHeldAfterALease());
  store_.away = false;
  ReadUntilRenewed(store_.asked + 1);
}

// One request looks several times.
TEST_F(RenewalTest, WhatOneRequestReadIsNotAskedForAgain) {
  ASSERT_THAT(leases_.Ask({id_}), IsOk());
  for (int i = 0; i < 4; ++i) leases_.Find(id_);
  absl::SleepFor(3 * kLease);
  EXPECT_EQ(store_.asked, 1);
}

TEST_F(RenewalTest, WhatIsReadNoMoreIsNotAskedForAgain) {
  ReadUntilRenewed(2);
  absl::SleepFor(absl::Seconds(1) + 2 * kLease);
  const int asked = store_.asked;
  absl::SleepFor(2 * kLease);
  EXPECT_EQ(store_.asked, asked);
}

}  // namespace
}  // namespace rostrum::content
