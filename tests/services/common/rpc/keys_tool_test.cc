#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "services/common/rpc/identity.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::HasSubstr;

// Runs rostrum-keys, the executable, and returns its exit code.
int Keys(const std::string& arguments, std::string* output = nullptr) {
  FILE* pipe = popen((std::string(ROSTRUM_KEYS) + " " + arguments + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return -1;
  std::string text;
  char buffer[256];
  while (fgets(buffer, sizeof(buffer), pipe) != nullptr) text += buffer;
  if (output != nullptr) *output = text;
  const int status = pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string Read(const std::string& path) {
  std::ifstream in(path);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

class KeysToolTest : public testing::Test {
 protected:
  KeysToolTest() { std::filesystem::remove_all(dir_); }
  ~KeysToolTest() override { std::filesystem::remove_all(dir_); }

  IdentitySigner Signer(const std::string& issuer) {
    absl::StatusOr<IdentitySigner> signer =
        IdentitySigner::Parse(Read(dir_ + "/" + issuer + ".key.json"), clock_);
    EXPECT_THAT(signer.status(), IsOk());
    return *signer;
  }
  absl::StatusOr<Caller> Verify(const std::string& token) {
    absl::StatusOr<Keyring> keyring = Keyring::Parse(Read(dir_ + "/keyring.json"));
    if (!keyring.ok()) return keyring.status();
    KeyringFile fixed(*keyring);
    return IdentityVerifier("content", fixed, clock_).Verify(token);
  }
  size_t KeysListed() { return nlohmann::json::parse(Read(dir_ + "/keyring.json"))["keys"].size(); }

  const std::string dir_ = testing::TempDir() + "/rostrum_keys_" +
                           testing::UnitTest::GetInstance()->current_test_info()->name();
  FakeClock clock_;
};

TEST_F(KeysToolTest, MakesKeysThatSignAndVerify) {
  ASSERT_EQ(Keys(dir_), 0);
  for (const std::string issuer :
       {"account", "subscription", "content", "feed", "comment", "gateway"}) {
    const absl::StatusOr<Caller> caller = Verify(Signer(issuer).SignSelf("content"));
    ASSERT_THAT(caller, IsOk());
    EXPECT_EQ(caller->service, issuer);
    struct stat info;
    ASSERT_EQ(stat((dir_ + "/" + issuer + ".key.json").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
  EXPECT_EQ(KeysListed(), 6u);
}

TEST_F(KeysToolTest, LeavesWhatExistsAndMakesWhatIsMissing) {
  ASSERT_EQ(Keys(dir_), 0);
  const std::string account = Read(dir_ + "/account.key.json");
  const std::string keyring = Read(dir_ + "/keyring.json");
  ASSERT_EQ(Keys(dir_), 0);
  EXPECT_EQ(Read(dir_ + "/account.key.json"), account);
  EXPECT_EQ(Read(dir_ + "/keyring.json"), keyring);
  std::filesystem::remove(dir_ + "/keyring.json");
  std::filesystem::remove(dir_ + "/feed.key.json");
  ASSERT_EQ(Keys(dir_), 0);
  EXPECT_EQ(Read(dir_ + "/account.key.json"), account);
  EXPECT_THAT(Verify(Signer("account").SignSelf("content")), IsOk());
  EXPECT_THAT(Verify(Signer("feed").SignSelf("content")), IsOk());
}

TEST_F(KeysToolTest, RotatesAndKeepsTheTwoNewest) {
  ASSERT_EQ(Keys(dir_), 0);
  const IdentitySigner first = Signer("feed");
  ASSERT_EQ(Keys("rotate " + dir_ + " feed"), 0);
  const IdentitySigner second = Signer("feed");
  EXPECT_EQ(KeysListed(), 7u);
  EXPECT_THAT(Verify(first.SignSelf("content")), IsOk());
  EXPECT_THAT(Verify(second.SignSelf("content")), IsOk());
  ASSERT_EQ(Keys("rotate " + dir_ + " feed"), 0);
  EXPECT_EQ(KeysListed(), 7u);
  EXPECT_THAT(Verify(first.SignSelf("content")), HasReason("IDENTITY_INVALID"));
  EXPECT_THAT(Verify(second.SignSelf("content")), IsOk());
  EXPECT_THAT(Verify(Signer("feed").SignSelf("content")), IsOk());
  EXPECT_THAT(Verify(Signer("account").SignSelf("content")), IsOk());
}

TEST_F(KeysToolTest, SaysWhatIsWrong) {
  std::string output;
  EXPECT_EQ(Keys("", &output), 2);
  EXPECT_THAT(output, HasSubstr("Usage"));
  EXPECT_EQ(Keys("--help", &output), 0);
  EXPECT_THAT(output, HasSubstr("rotate"));
  EXPECT_EQ(Keys("rotate " + dir_ + " feed", &output), 1);
  EXPECT_THAT(output, HasSubstr("cannot read"));
  ASSERT_EQ(Keys(dir_), 0);
  EXPECT_EQ(Keys("rotate " + dir_ + " nobody"), 1);
  std::ofstream(dir_ + "/feed.key.json") << "{}";
  EXPECT_EQ(Keys(dir_, &output), 1);
  EXPECT_THAT(output, HasSubstr("feed.key.json: not a signing key"));
  EXPECT_EQ(Keys("/proc/none", &output), 1);
}

}  // namespace
}  // namespace rostrum
