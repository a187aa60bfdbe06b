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

  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override {
    const auto versions = posts_.GetVersions(ids);
    ++asked;
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

TEST_F(VersionLeasesTest, ARestoredDatabaseIsBelievedAfterTheLease) {
  constexpr absl::Duration kShort = absl::Milliseconds(20);
  VersionLeases leases = Leases(kShort);
  SetVersion(9);
  EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 9);
  SetVersion(2);
  absl::SleepFor(kShort);
  EXPECT_EQ(leases.Ask({id_})->at(id_).version.post, 2);
}

TEST_F(VersionLeasesTest, WhatIsReadAgainAndAgainIsRenewedByItself) {
  VersionLeases leases = Leases(absl::Milliseconds(400));
  int own = 0;
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (store_.asked - own < 2 && absl::Now() < end) {
    // Also later: a machine that is very busy may let a lease end.
    if (leases.Find(id_) == nullptr) {
      ++own;
      ASSERT_THAT(leases.Ask({id_}), IsOk());
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_GE(store_.asked - own, 2);
}

TEST_F(VersionLeasesTest, WhatIsReadNoMoreIsNotAskedFor) {
  VersionLeases leases = Leases(absl::Milliseconds(40));
  ASSERT_THAT(leases.Ask({id_}), IsOk());
  ASSERT_NE(leases.Find(id_), nullptr);
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(store_.asked, 1);
}

}  // namespace
}  // namespace rostrum::content
