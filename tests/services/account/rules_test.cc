#include "services/account/account.h"
#include "services/account/account_keys.h"
#include "services/account/canonical_address.h"
#include "services/account/common_passwords.h"
#include "services/account/field_rules.h"
#include "services/account/sign_up_rules.h"
#include "services/common/base/local_path.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

using ::testing::ElementsAre;

TEST(CanonicalAddressTest, LowersCaseOfBothParts) {
  EXPECT_EQ(CanonicalAddress("Ada.Lovelace@Example.ORG"), "ada.lovelace@example.org");
}

TEST(CanonicalAddressTest, StripsSubAddressOfEveryDomain) {
  EXPECT_EQ(CanonicalAddress("ada+news@example.org"), "ada@example.org");
  EXPECT_EQ(CanonicalAddress("ada+a+b@example.org"), "ada@example.org");
  EXPECT_EQ(CanonicalAddress("+ada@example.org"), "+ada@example.org");
}

TEST(CanonicalAddressTest, DotsAreNothingAtGmailOnly) {
  EXPECT_EQ(CanonicalAddress("A.d.a+x@Gmail.com"), "ada@gmail.com");
  EXPECT_EQ(CanonicalAddress("a.da@googlemail.com"), "ada@gmail.com");
  EXPECT_EQ(CanonicalAddress("a.da@hotmail.com"), "a.da@hotmail.com");
  EXPECT_EQ(CanonicalAddress("a.da@mail.gmail.com"), "a.da@mail.gmail.com");
}

TEST(CanonicalAddressTest, LoginIdentityKeepsAliasesApart) {
  EXPECT_EQ(LowerAddress("Ada+News@Example.org"), "ada+news@example.org");
}

TEST(AccountKeysTest, AliasesAreOnePersonUnderOneSecret) {
  const AccountKeys keys("secret one"), others("secret two");
  EXPECT_EQ(keys.PersonKey("ada@gmail.com"), keys.PersonKey("A.da+1@googlemail.com"));
  EXPECT_NE(keys.PersonKey("ada@gmail.com"), keys.PersonKey("ada@example.org"));
  EXPECT_NE(keys.PersonKey("ada@gmail.com"), others.PersonKey("ada@gmail.com"));
  EXPECT_EQ(keys.PersonKey("ada@gmail.com").size(), 32u);
}

TEST(AccountKeysTest, CodesAreBoundToTheirSignUp) {
  const AccountKeys keys("secret one"), others("secret two");
  EXPECT_NE(keys.CodeHash("a", "123456"), keys.CodeHash("b", "123456"));
  EXPECT_NE(keys.CodeHash("a", "123456"), others.CodeHash("a", "123456"));
}

TEST(CommonPasswordsTest, RefusesWhatIsGuessedFirst) {
  for (const char* password :
       {"password", "Password1",   "P4ssw0rd!",    "password2024!", "12345678",
        "87654321", "abcdefgh",    "qwertyuiop",   "QWERTY123",     "aaaaaaaa",
        "abababab", "letmein!!",   "dragondragon", "iloveyou",      "trustno1",
        "1q2w3e4r", "Rostrum2026", "12345678901",  "welcome123",    "football99"}) {
    EXPECT_TRUE(IsCommonPassword(password, {})) << password;
  }
}

TEST(CommonPasswordsTest, TakesPassphrasesAndRandomOnes) {
  for (const char* password : {"correct horse battery staple", "x7#Kp2!vQm", "tr0mbone-lagoon",
                               "nine owls at noon", "пароль-на-завтра", "passwordless ferns"}) {
    EXPECT_FALSE(IsCommonPassword(password, {})) << password;
  }
}

TEST(CommonPasswordsTest, RefusesThePersonsOwnNameAndAddress) {
  const std::vector<std::string> personal = {"Ada Lovelace", "countess@example.org"};
  EXPECT_TRUE(IsCommonPassword("Lovelace1", personal));
  EXPECT_TRUE(IsCommonPassword("countess", personal));
  EXPECT_TRUE(IsCommonPassword("countess@example.org", personal));
  EXPECT_FALSE(IsCommonPassword("analytical engine", personal));
}

absl::Status Path(const std::string& path) {
  FieldChecks checks;
  CheckReturnPath(checks, path, "return_path");
  return checks.status();
}

TEST(ReturnPathTest, TakesLocalPaths) {
  for (const char* path : {"", "/", "/p/some-post", "/p/a?b=c&d=//x#top", "/@ada", "/%2F%2Fx"}) {
    EXPECT_THAT(Path(path), IsOk()) << path;
  }
  EXPECT_THAT(Path("/" + std::string(499, 'a')), IsOk());
}

TEST(ReturnPathTest, RefusesEverythingThatLeadsElsewhere) {
  for (const std::string path :
       {"//evil", "///evil", "https://evil", "http:evil", "/\\evil", "\\\\evil",
        "javascript:alert(1)", "evil", " /p", "/\t/evil", "/a\r\nLocation: x", "/a\\b"}) {
    EXPECT_THAT(Path(path), HasViolation("return_path")) << path;
  }
  EXPECT_THAT(Path(std::string("/a\0b", 4)), HasViolation("return_path"));
  EXPECT_THAT(Path("/" + std::string(500, 'a')), HasViolation("return_path"));
  EXPECT_THAT(Path("/\xff"), HasViolation("return_path"));
}

TEST(NewPasswordTest, CountsCharactersNotBytes) {
  const auto check = [](const std::string& password) {
    FieldChecks checks;
    CheckNewPassword(checks, password, {}, "password");
    return checks.status();
  };
  EXPECT_THAT(check("x7#Kp2!"), HasReason("TOO_SHORT"));
  EXPECT_THAT(check("ключ-ёжи"), IsOk());
  EXPECT_THAT(check("ключ-ёж"), HasReason("TOO_SHORT"));
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "\u00e9\u00df";
  EXPECT_THAT(check(longest + "x"), HasReason("TOO_LONG"));
  EXPECT_THAT(check("Password1"), HasReason("COMMON_PASSWORD"));
}

TEST(LanguageTagTest, ChecksTheSyntax) {
  for (const char* tag : {"en", "pt-BR", "zh-Hant-TW", "de-CH-1996", "gsw", "en-u-ca-buddhist"}) {
    EXPECT_TRUE(IsLanguageTag(tag)) << tag;
  }
  for (const char* tag : {"", "e", "en-", "-en", "en_US", "en--US", "en-x", "english1",
                          "en-abcdefghi", "en US", "123"}) {
    EXPECT_FALSE(IsLanguageTag(tag)) << tag;
  }
}

TEST(TimeZoneTest, TakesNamesAndNoFiles) {
  for (const char* name : {"UTC", "Europe/Lisbon", "America/Argentina/Buenos_Aires", "Etc/GMT+3"}) {
    EXPECT_TRUE(IsTimeZone(name)) << name;
  }
  for (const char* name :
       {"", "Mars/Olympus", "/etc/passwd", "../../etc/passwd", "file:/etc/passwd", "libc:UTC",
        "localtime", "Europe/Lisbon\n", "Europe/../UTC", "Europe//Lisbon", "posix/Europe/Lisbon",
        "right/Europe/Lisbon"}) {
    EXPECT_FALSE(IsTimeZone(name)) << name;
  }
}

TEST(RolesTest, SortsAndRefusesUnknownOnes) {
  EXPECT_THAT(*NormalRoles({"editor", "author", "editor"}, "roles"),
              ElementsAre("author", "editor"));
  EXPECT_THAT(NormalRoles({"owner"}, "roles"), HasViolation("roles"));
}

TEST(SignUpRulesTest, CodeTellsNothingBeforeItIsRight) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  SignUpState state{.expire_time = now + absl::Hours(1), .verified = true};
  EXPECT_THAT(CheckCode(state, false, now), HasReason("CODE_WRONG"));
  EXPECT_EQ(state.code_tries, 1);
  EXPECT_THAT(CheckCode(state, true, now), HasReason("VERIFICATION_USED"));
  EXPECT_EQ(state.code_tries, 1);
  state.code_tries = kMaxCodeTries;
  EXPECT_THAT(CheckCode(state, true, now), HasReason("CODE_TRIES_EXHAUSTED"));
}

TEST(SignUpRulesTest, ResendsAreBoundedInPaceAndNumber) {
  const absl::Time now = absl::FromUnixSeconds(1'700'000'000);
  SignUpState state{.resend_time = now + absl::Seconds(20), .expire_time = now + absl::Hours(1)};
  const absl::Status early = CheckResend(state, now);
  EXPECT_THAT(early, HasReason("RESEND_LIMIT"));
  EXPECT_EQ(DetailsOf(early).retry_after, absl::Seconds(20));
  EXPECT_THAT(CheckResend(state, now + absl::Seconds(20)), IsOk());
  state.resends = kMaxResends;
  EXPECT_THAT(CheckResend(state, now + absl::Minutes(5)), HasReason("RESEND_LIMIT"));
}

}  // namespace
}  // namespace rostrum::account
