#include "services/common/rpc/identity.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using nlohmann::json;
using ::testing::UnorderedElementsAre;

constexpr char kAccountId[] = "01890000-0000-7000-8000-00000000000a";
constexpr char kSessionId[] = "01890000-0000-7000-8000-00000000000b";

class IdentityTest : public testing::Test {
 protected:
  IdentityTest()
      : account_("account-1", "account", account_key_, clock_),
        content_("content-1", "content", content_key_, clock_) {}

  static Caller Reader() {
    Caller caller;
    caller.kind = Caller::Kind::kAccount;
    caller.account_id = AccountId(kAccountId);
    caller.session_id = SessionId(kSessionId);
    caller.display_name = "Ann \"Ж\"";
    caller.roles = {"author", "editor"};
    caller.has_all_scopes = true;
    return caller;
  }
  // What account says of Reader, to be changed.
  json Claims() const {
    return {{"iss", "account"},
            {"aud", "comment"},
            {"sub", absl::StrCat("account:", kAccountId)},
            {"sid", kSessionId},
            {"name", "Ann"},
            {"roles", json::array()},
            {"scopes", "*"},
            {"iat", "2023-11-14T22:13:20Z"},  // as the FakeClock says
            {"nbf", "2023-11-14T22:13:20Z"},
            {"exp", "2023-11-14T22:14:20Z"}};
  }
  std::string Token(const json& claims) const {
    return PasetoSign(account_key_.secret_key, claims.dump(), R"({"kid":"account-1"})", "comment");
  }
  std::string ContentToken(const json& claims) const {
    return PasetoSign(content_key_.secret_key, claims.dump(), R"({"kid":"content-1"})", "comment");
  }
  void ExpectInvalid(const std::string& token) {
    const absl::StatusOr<Caller> caller = verifier_.Verify(token);
    EXPECT_THAT(caller, StatusIs(absl::StatusCode::kUnauthenticated));
    EXPECT_THAT(caller, HasReason("IDENTITY_INVALID"));
  }

  FakeClock clock_;
  const Ed25519KeyPair account_key_ = NewEd25519KeyPair();
  const Ed25519KeyPair content_key_ = NewEd25519KeyPair();
  KeyringFile keyring_{Keyring({{"account-1", {"account", account_key_.public_key}},
                                {"content-1", {"content", content_key_.public_key}}})};
  IdentitySigner account_;
  IdentitySigner content_;
  IdentityVerifier verifier_{"comment", keyring_, clock_};
};

TEST_F(IdentityTest, TellsWhoASessionIs) {
  const absl::StatusOr<Caller> caller = verifier_.Verify(account_.Sign(Reader(), "comment"));
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->IsAccount());
  EXPECT_EQ(caller->account_id.value(), kAccountId);
  EXPECT_EQ(caller->session_id.value(), kSessionId);
  EXPECT_EQ(caller->display_name, "Ann \"Ж\"");
  EXPECT_THAT(caller->roles, UnorderedElementsAre("author", "editor"));
  EXPECT_TRUE(caller->has_all_scopes);
}

TEST_F(IdentityTest, TellsTheScopesOfAnAccessToken) {
  Caller reader = Reader();
  reader.session_id = SessionId();
  reader.has_all_scopes = false;
  reader.scopes = {"read"};
  const absl::StatusOr<Caller> caller = verifier_.Verify(account_.Sign(reader, "comment"));
  ASSERT_THAT(caller, IsOk());
  EXPECT_FALSE(caller->has_all_scopes);
  EXPECT_THAT(caller->scopes, UnorderedElementsAre("read"));
}

TEST_F(IdentityTest, TellsWhichServiceCalls) {
  for (const IdentitySigner* signer : {&account_, &content_}) {
    const absl::StatusOr<Caller> caller = verifier_.Verify(signer->SignSelf("comment"));
    ASSERT_THAT(caller, IsOk());
    EXPECT_TRUE(caller->IsService());
    EXPECT_EQ(caller->service, signer->issuer());
  }
}

TEST_F(IdentityTest, SurvivesANameThatIsNotUtf8) {
  Caller reader = Reader();
  reader.display_name = "\xff";
  EXPECT_THAT(verifier_.Verify(account_.Sign(reader, "comment")), IsOk());
}

TEST_F(IdentityTest, TakesTheClaimsOfTheseTests) {
  EXPECT_THAT(verifier_.Verify(Token(Claims())), IsOk());
}

TEST_F(IdentityTest, ExpiresAfterAMinuteAndTheLeeway) {
  const std::string token = account_.Sign(Reader(), "comment");
  clock_.Advance(absl::Seconds(64));
  EXPECT_THAT(verifier_.Verify(token), IsOk());
  clock_.Advance(absl::Seconds(1));
  // The first time from what was kept, the second time afresh.
  EXPECT_THAT(verifier_.Verify(token), HasReason("IDENTITY_EXPIRED"));
  EXPECT_THAT(verifier_.Verify(token), HasReason("IDENTITY_EXPIRED"));
}

TEST_F(IdentityTest, RefusesATokenOfTheFuture) {
  clock_.Advance(absl::Seconds(6));
  const std::string token = account_.Sign(Reader(), "comment");
  clock_.Advance(-absl::Seconds(6));
  ExpectInvalid(token);
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(verifier_.Verify(token), IsOk());
}

TEST_F(IdentityTest, RefusesATokenThatClaimsALongerLife) {
  json claims = Claims();
  claims["exp"] = "2023-11-14T22:14:21Z";
  ExpectInvalid(Token(claims));
  for (const char* forever : {"infinite-future", "2999-01-01T00:00:00Z"}) {
    claims["exp"] = forever;
    ExpectInvalid(Token(claims));
  }
  claims["iat"] = "infinite-future";
  claims["exp"] = "infinite-future";
  ExpectInvalid(Token(claims));
}

TEST_F(IdentityTest, RefusesAnotherAudience) {
  ExpectInvalid(account_.Sign(Reader(), "content"));
  // The claim alone does not make it so, nor the assertion alone.
  json claims = Claims();
  claims["aud"] = "content";
  ExpectInvalid(Token(claims));
}

TEST_F(IdentityTest, RefusesAServiceThatSpeaksForAnAccount) {
  ExpectInvalid(content_.Sign(Reader(), "comment"));
  json claims = Claims();
  ExpectInvalid(ContentToken(claims));  // says that account issued it
  claims["iss"] = "content";
  ExpectInvalid(ContentToken(claims));
}

TEST_F(IdentityTest, RefusesAServiceThatSpeaksForAnother) {
  Caller feed;
  feed.kind = Caller::Kind::kService;
  feed.service = "feed";
  ExpectInvalid(content_.Sign(feed, "comment"));
  ExpectInvalid(account_.Sign(feed, "comment"));
}

TEST_F(IdentityTest, RefusesAFooterThatNamesAnotherKey) {
  const std::string token = content_.SignSelf("comment");
  const std::string body = token.substr(0, token.rfind('.') + 1);
  for (const std::string footer : {R"({"kid":"account-1"})", R"({"kid":"none"})", R"({"kid":1})",
                                   R"({})", R"([])", "", "not json"}) {
    ExpectInvalid(body + Base64Url(footer));
  }
  ExpectInvalid(body + Base64Url(R"({"kid":")" + std::string(1000, 'a') + "\"}"));
}

TEST_F(IdentityTest, RefusesClaimsThatAreMissingOrOfTheWrongType) {
  const json good = Claims();
  for (const auto& [name, ignored] : good.items()) {
    json claims = good;
    claims.erase(name);
    ExpectInvalid(Token(claims));
    for (const json& wrong : {json(1), json(nullptr), json::object(), json({1}), json("x y")}) {
      if (name == "name" && wrong.is_string()) continue;
      claims[name] = wrong;
      ExpectInvalid(Token(claims));
    }
  }
}

TEST_F(IdentityTest, RefusesSubjectsThatAreNoIds) {
  json claims = Claims();
  for (const char* subject : {"", "account:", "account:1", "anonymous", "service:", "Account:x"}) {
    claims["sub"] = subject;
    ExpectInvalid(Token(claims));
  }
}

TEST_F(IdentityTest, RefusesGarbage) {
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("v4.public.AAAA"), std::string(1 << 20, 'A'),
        std::string("v4.public.") + std::string(5000, 'A'), std::string(100, '\0')}) {
    ExpectInvalid(bad);
  }
  ExpectInvalid(
      PasetoSign(account_key_.secret_key, "not json", R"({"kid":"account-1"})", "comment"));
  ExpectInvalid(PasetoSign(account_key_.secret_key, "[]", R"({"kid":"account-1"})", "comment"));
}

TEST_F(IdentityTest, StaysWithinItsMemory) {
  json claims = Claims();
  for (int i = 0; i < 5000; ++i) {
    claims["name"] = std::to_string(i);
    ASSERT_THAT(verifier_.Verify(Token(claims)), IsOk());
  }
}

TEST(KeyringTest, RefusesWhatIsNotOne) {
  const std::string key = Base64Url(std::string(32, 'k'));
  const std::string good = R"({"kid":"a","issuer":"account","public_key":")" + key + "\"}";
  EXPECT_THAT(Keyring::Parse(R"({"keys":[)" + good + "]}"), IsOk());
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string(R"({"keys":{}})"),
        std::string(R"({"keys":[]})"), std::string(R"({"keys":[1]})"),
        R"({"keys":[)" + good + "," + good + "]}",
        std::string(R"({"keys":[{"kid":"a","issuer":"account","public_key":"AAAA"}]})")}) {
    EXPECT_THAT(Keyring::Parse(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

TEST(IdentitySignerTest, RefusesWhatIsNoKey) {
  FakeClock clock;
  const std::string seed = Base64Url(std::string(32, 's'));
  EXPECT_THAT(
      IdentitySigner::Parse(R"({"kid":"a","issuer":"account","seed":")" + seed + "\"}", clock),
      IsOk());
  for (const std::string bad : {"", "[]", "{}", R"({"kid":"a","issuer":"account","seed":"AAAA"})",
                                R"({"kid":"","issuer":"account","seed":""})"}) {
    EXPECT_THAT(IdentitySigner::Parse(bad, clock), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

class KeyringFileTest : public testing::Test {
 protected:
  KeyringFileTest() {
    SetLogSink([](const std::string&) {});
  }
  ~KeyringFileTest() override {
    SetLogSink(nullptr);
    std::filesystem::remove(path_);
  }
  // Puts a keyring with one key in the place of the former one.
  void Write(const std::string& kid) {
    Replace(R"({"keys":[{"kid":")" + kid + R"(","issuer":"account","public_key":")" +
            Base64Url(std::string(32, 'k')) + R"("}]})");
  }
  void Replace(const std::string& content) {
    std::ofstream(path_ + ".new") << content;
    std::filesystem::rename(path_ + ".new", path_);
  }
  const std::string path_ = testing::TempDir() + "/keyring_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
  FakeClock clock_;
};

TEST_F(KeyringFileTest, SeesANewFileAfterFiveSeconds) {
  Write("one");
  absl::StatusOr<std::unique_ptr<KeyringFile>> file = KeyringFile::Open(path_, clock_);
  ASSERT_THAT(file.status(), IsOk());
  EXPECT_NE((*file)->Get()->Find("one"), nullptr);
  Write("two");
  EXPECT_EQ((*file)->Get()->Find("two"), nullptr);
  clock_.Advance(absl::Seconds(5));
  EXPECT_NE((*file)->Get()->Find("two"), nullptr);
  EXPECT_EQ((*file)->Get()->Find("one"), nullptr);
}

TEST_F(KeyringFileTest, KeepsTheOldKeysWhenTheFileGoesBad) {
  Write("one");
  absl::StatusOr<std::unique_ptr<KeyringFile>> file = KeyringFile::Open(path_, clock_);
  ASSERT_THAT(file.status(), IsOk());
  Replace("{");
  clock_.Advance(absl::Seconds(5));
  EXPECT_NE((*file)->Get()->Find("one"), nullptr);
  std::filesystem::remove(path_);
  clock_.Advance(absl::Seconds(5));
  EXPECT_NE((*file)->Get()->Find("one"), nullptr);
}

TEST_F(KeyringFileTest, DoesNotOpenWhatIsNotThere) {
  EXPECT_THAT(KeyringFile::Open(path_, clock_).status(), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace rostrum
