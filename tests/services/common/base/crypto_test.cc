#include "services/common/base/crypto.h"

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

TEST(Sha256Test, IsThatOfFips180) {
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
TEST(HmacSha256Test, IsThatOfRfc4231) {
  EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha256(std::string(131, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Base64UrlTest, ComesBackForEveryLength) {
  for (size_t size = 0; size < 70; ++size) {
    const std::string bytes = RandomBytes(size);
    const std::string text = Base64Url(bytes);
    EXPECT_EQ(text.find_first_of("+/="), std::string::npos);
    EXPECT_THAT(Base64UrlDecode(text), IsOkAndHolds(bytes));
  }
}

TEST(Base64UrlTest, UsesTheAlphabetForUrls) { EXPECT_EQ(Base64Url("\xfb\xff"), "-_8"); }

TEST(Base64UrlTest, RefusesWhatIsNotCanonical) {
  // Padding, the other alphabet, spaces, a lone digit, unused bits that are set.
  for (const std::string bad : {"-_8=", "+/8", "-_ 8", "-_8\n", "A", "-_9", "é"}) {
    EXPECT_THAT(Base64UrlDecode(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

TEST(Base64UrlTest, ReadsOneTextOnlyForEachValue) {
  const std::string text = Base64Url("four");
  for (size_t i = 0; i < text.size() * 8; ++i) {
    std::string changed = text;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    const absl::StatusOr<std::string> bytes = Base64UrlDecode(changed);
    EXPECT_FALSE(bytes.ok() && *bytes == "four") << Hex(changed);
  }
}

TEST(EqualInConstantTimeTest, IsEquality) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("secret", "secret"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secreT"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secret "));
}

TEST(RandomDigitsTest, AreDigitsAndVary) {
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string code = RandomDigits(6);
    EXPECT_EQ(code.size(), 6u);
    all += code;
  }
  for (char digit = '0'; digit <= '9'; ++digit) EXPECT_NE(all.find(digit), std::string::npos);
  EXPECT_EQ(all.find_first_not_of("0123456789"), std::string::npos);
}

TEST(DeriveKeyTest, DiffersByPurpose) {
  EXPECT_NE(DeriveKey("secret", "a"), DeriveKey("secret", "b"));
  EXPECT_EQ(DeriveKey("secret", "a"), DeriveKey("secret", "a"));
}

}  // namespace
}  // namespace rostrum
