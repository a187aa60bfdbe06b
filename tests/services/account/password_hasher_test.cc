#include "services/account/password_hasher.h"

#include <atomic>
#include <thread>
#include <vector>

#include "services/common/rpc/request_context.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

using ::testing::AllOf;
using ::testing::StartsWith;

TEST(RestAfterTest, OnlyWhoHadToWaitRestsAndNotForLong) {
  const auto rest = [](int used, int waited) {
    return absl::ToInt64Milliseconds(
        RestAfter(absl::Milliseconds(used), absl::Milliseconds(waited)));
  };
  EXPECT_EQ(rest(40, 0), 0);
  EXPECT_EQ(rest(40, 10), 0);
  EXPECT_EQ(rest(40, 20), 30);
  EXPECT_EQ(rest(40, 40), 90);
  EXPECT_EQ(rest(40, 400), 500);
  EXPECT_EQ(rest(40, 60'000), 500);  // the process was paused, or the machine
  EXPECT_EQ(rest(40, -5), 0);        // its clock was set
}

TEST(PasswordHasherTest, VerifiesWhatItHashed) {
  Metrics metrics;
  PasswordHasher hasher(CheapPasswords(), metrics);
  const auto hash = hasher.Hash("nine owls at noon");
  ASSERT_THAT(hash, IsOk());
  EXPECT_THAT(*hash, StartsWith("$argon2id$v=19$m=8,t=1,p=1$"));
  EXPECT_NE(*hash, *hasher.Hash("nine owls at noon"));
  EXPECT_TRUE(hasher.Verify("nine owls at noon", *hash)->matches);
  EXPECT_FALSE(hasher.Verify("nine owls at noon", *hash)->outdated);
  EXPECT_FALSE(hasher.Verify("nine owls at moon", *hash)->matches);
}

TEST(PasswordHasherTest, DefaultIsTheFloorOfOwasp) {
  Metrics metrics;
  PasswordHasher hasher(PasswordOptions(), metrics);
  EXPECT_THAT(*hasher.Hash("nine owls at noon"), StartsWith("$argon2id$v=19$m=19456,t=2,p=1$"));
}

TEST(PasswordHasherTest, NothingMatchesAnAbsentHash) {
  Metrics metrics;
  PasswordHasher hasher(CheapPasswords(), metrics);
  EXPECT_FALSE(hasher.Verify("", "")->matches);
  EXPECT_FALSE(hasher.Verify("anything", "")->matches);
  EXPECT_FALSE(hasher.Verify("anything", "not a hash")->matches);
}

TEST(PasswordHasherTest, BytesAfterANulCount) {
  Metrics metrics;
  PasswordHasher hasher(CheapPasswords(), metrics);
  const auto hash = hasher.Hash(std::string("nine\0owls", 9));
  ASSERT_THAT(hash, IsOk());
  EXPECT_FALSE(hasher.Verify(std::string("nine\0mice", 9), *hash)->matches);
}

TEST(PasswordHasherTest, SaysWhenParametersChanged) {
  Metrics metrics;
  PasswordHasher before({.memory_kib = 8, .ops = 1}, metrics);
  PasswordHasher after({.memory_kib = 16, .ops = 2}, metrics);
  const auto hash = before.Hash("nine owls at noon");
  ASSERT_THAT(hash, IsOk());
  const auto check = after.Verify("nine owls at noon", *hash);
  ASSERT_THAT(check, IsOk());
  EXPECT_TRUE(check->matches);
  EXPECT_TRUE(check->outdated);
}

TEST(PasswordHasherTest, FloodIsRefusedBeforeItIsHashed) {
  Metrics metrics;
  // One hash takes some 100 ms; one runs, one waits.
  PasswordHasher hasher({.memory_kib = 65536, .ops = 4, .threads = 1, .queue = 1}, metrics);
  std::atomic<int> done{0}, busy{0}, other{0};
  std::vector<std::thread> flood;
  for (int i = 0; i < 16; ++i) {
    flood.emplace_back([&] {
      const absl::Status status = hasher.Hash("nine owls at noon").status();
      if (status.ok()) {
        ++done;
      } else if (ReasonOf(status) == "BUSY" && absl::IsResourceExhausted(status) &&
                 DetailsOf(status).retry_after.has_value()) {
        ++busy;
      } else {
        ++other;
      }
    });
  }
  for (std::thread& thread : flood) thread.join();
  EXPECT_GE(done, 1);
  EXPECT_GE(busy, 1);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(done + busy, 16);
}

TEST(PasswordHasherTest, WaitsNoLongerThanTheCaller) {
  Metrics metrics;
  PasswordHasher hasher({.memory_kib = 65536, .ops = 4, .threads = 1, .queue = 8}, metrics);
  std::thread first([&] { EXPECT_THAT(hasher.Hash("nine owls at noon"), IsOk()); });
  RequestContext context;
  context.deadline = absl::Now() - absl::Seconds(1);
  ScopedRequestContext bound(context);
  EXPECT_THAT(hasher.Hash("nine owls at noon"), StatusIs(absl::StatusCode::kDeadlineExceeded));
  first.join();
}

TEST(LoginFloodTest, OverflowIsAClearRefusalAndLoginsGoOn) {
  FakeStores stores;
  HarnessOptions options;
  options.password = {.memory_kib = 65536, .ops = 4, .threads = 1, .queue = 1};
  AccountHarness h(stores.refs(), options);
  h.MakeMember("ada@example.org", "nine owls at noon");
  std::atomic<int> busy{0}, failed{0};
  std::vector<std::thread> flood;
  for (int i = 0; i < 12; ++i) {
    flood.emplace_back([&] {
      const auto refused = h.LogIn("nobody@example.org", "ten owls at noon");
      if (ReasonOf(refused.status()) == "BUSY") ++busy;
      if (ReasonOf(refused.status()) == "LOGIN_FAILED") ++failed;
    });
  }
  for (std::thread& thread : flood) thread.join();
  EXPECT_GE(busy, 1);
  EXPECT_EQ(busy + failed, 12);
  EXPECT_THAT(h.LogIn("ada@example.org", "nine owls at noon"), IsOk());
}

TEST(RehashTest, LoginBringsAnOldHashUpToDate) {
  FakeStores stores;
  {
    AccountHarness before(stores.refs());
    before.MakeMember("ada@example.org", "nine owls at noon");
  }
  HarnessOptions options;
  options.password.memory_kib = 64;
  AccountHarness after(stores.refs(), options);
  ASSERT_THAT(after.LogIn("ada@example.org", "nine owls at noon"), IsOk());
  EXPECT_THAT(stores.data.FindByEmail("ada@example.org")->password_hash,
              StartsWith("$argon2id$v=19$m=64,"));
  EXPECT_THAT(after.LogIn("ada@example.org", "nine owls at noon"), IsOk());
}

TEST(RehashTest, LoginDoesWithoutWhereNoNewHashCanBeMade) {
  FakeStores stores;
  {
    AccountHarness before(stores.refs());
    before.MakeMember("ada@example.org", "nine owls at noon");
  }
  HarnessOptions options;
  options.password.ops = 0;  // libsodium makes no such hash
  AccountHarness after(stores.refs(), options);
  ASSERT_FALSE(after.hasher.Hash("nine owls at noon").ok());
  EXPECT_THAT(after.LogIn("ada@example.org", "nine owls at noon"), IsOk());
  EXPECT_THAT(stores.data.FindByEmail("ada@example.org")->password_hash,
              StartsWith("$argon2id$v=19$m=8,t=1,"));
}

}  // namespace
}  // namespace rostrum::account
