#include "services/common/rpc/paseto.h"

#include <ostream>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "services/common/base/crypto.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

using ::testing::AllOf;
using ::testing::Field;

// The published test vectors of PASETO version 4, public purpose.
constexpr char kPublicKey[] = "1eb9dbbbbc047c03fd70604e0071f0987e16b28b757225c11f00415d0e20b1a2";
constexpr char kSeed[] = "b4cbfb43df4ce210727d953e4a713307fa19bb7d9f85041438d9e11b942a3774";
constexpr char kMessage[] =
    R"({"data":"this is a signed message","exp":"2022-01-01T00:00:00+00:00"})";
constexpr char kFooter[] = R"({"kid":"zVhMiPBP9fRf2snEcT7gFTioeA9COcNy9DfgL1W60haN"})";

struct Vector {
  const char* name;
  const char* token;
  const char* footer;
  const char* implicit;
};
constexpr Vector kVectors[] = {
    {"4-S-1",
     "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDow"
     "MCswMDowMCJ9bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_ExsQV-P0V54zemZDcAxFaSeef1QlXEFtkqxT1"
     "ciiQEDA",
     "", ""},
    {"4-S-2",
     "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDow"
     "MCswMDowMCJ9v3Jt8mx_TdM2ceTGoqwrh4yDFn0XsHvvV_D0DtwQxVrJEBMl0F2caAdgnpKlt4p7xBnx1HcO-SPo8FP"
     "p214HDw.eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9",
     kFooter, ""},
    {"4-S-3",
     "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDow"
     "MCswMDowMCJ9NPWciuD3d0o5eXJXG5pJy-DiVEoyPYWs1YSTwWHNJq6DZD3je5gf-0M4JR9ipdUSJbIovzmBECeaWma"
     "qcaP0DQ.eyJraWQiOiJ6VmhNaVBCUDlmUmYyc25FY1Q3Z0ZUaW9lQTlDT2NOeTlEZmdMMVc2MGhhTiJ9",
     kFooter, R"({"test-vector":"4-S-3"})"},
};

void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }

class PasetoVectorTest : public testing::TestWithParam<Vector> {
 protected:
  const Ed25519KeyPair key_ = Ed25519KeyPairFromSeed(absl::HexStringToBytes(kSeed));
};

TEST_P(PasetoVectorTest, SignsToTheByte) {
  EXPECT_EQ(Hex(key_.public_key), kPublicKey);
  EXPECT_EQ(PasetoSign(key_.secret_key, kMessage, GetParam().footer, GetParam().implicit),
            GetParam().token);
}

TEST_P(PasetoVectorTest, Verifies) {
  EXPECT_THAT(PasetoVerify(key_.public_key, GetParam().token, GetParam().implicit),
              IsOkAndHolds(AllOf(Field(&PasetoToken::message, kMessage),
                                 Field(&PasetoToken::footer, GetParam().footer))));
  EXPECT_THAT(PasetoUnverifiedFooter(GetParam().token), IsOkAndHolds(GetParam().footer));
}

TEST_P(PasetoVectorTest, RefusesEveryChangedCharacter) {
  const std::string token = GetParam().token;
  for (size_t i = 0; i < token.size(); ++i) {
    for (const char other : {'A', 'B', '-', '.', '=', '\0'}) {
      if (token[i] == other) continue;
      std::string changed = token;
      changed[i] = other;
      EXPECT_THAT(PasetoVerify(key_.public_key, changed, GetParam().implicit),
                  StatusIs(absl::StatusCode::kUnauthenticated))
          << i;
    }
  }
}

TEST_P(PasetoVectorTest, RefusesEveryFlippedBit) {
  const std::string token = GetParam().token;
  for (size_t i = 0; i < token.size() * 8; ++i) {
    std::string changed = token;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_THAT(PasetoVerify(key_.public_key, changed, GetParam().implicit),
                StatusIs(absl::StatusCode::kUnauthenticated));
  }
}

TEST_P(PasetoVectorTest, RefusesEveryTruncationAndAddition) {
  const std::string token = GetParam().token;
  for (size_t size = 0; size < token.size(); ++size) {
    EXPECT_THAT(PasetoVerify(key_.public_key, token.substr(0, size), GetParam().implicit),
                StatusIs(absl::StatusCode::kUnauthenticated));
  }
  for (const char* more : {".", "A", ".e30", "..", "\n", " "}) {
    EXPECT_THAT(PasetoVerify(key_.public_key, token + more, GetParam().implicit),
                StatusIs(absl::StatusCode::kUnauthenticated));
  }
}

TEST_P(PasetoVectorTest, RefusesAnotherKeyAndAnotherAssertion) {
  EXPECT_THAT(PasetoVerify(NewEd25519KeyPair().public_key, GetParam().token, GetParam().implicit),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(
      PasetoVerify(key_.public_key, GetParam().token, std::string(GetParam().implicit) + "x"),
      StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(PasetoVerify("short", GetParam().token, GetParam().implicit),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

INSTANTIATE_TEST_SUITE_P(Official, PasetoVectorTest, testing::ValuesIn(kVectors),
                         [](const auto& info) {
                           return "Vector" + std::string(1, info.param.name[4]);
                         });

TEST(PasetoTest, DoesNotConfuseParts) {
  const Ed25519KeyPair key = NewEd25519KeyPair();
  const std::string token = PasetoSign(key.secret_key, "message", "foot", "er");
  EXPECT_THAT(PasetoVerify(key.public_key, token, "er"), IsOk());
  EXPECT_THAT(PasetoVerify(key.public_key, token, ""),
              StatusIs(absl::StatusCode::kUnauthenticated));
  const std::string other = token.substr(0, token.rfind('.') + 1) + Base64Url("footer");
  EXPECT_THAT(PasetoVerify(key.public_key, other, ""),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST(PasetoTest, RefusesOtherVersionsAndGarbage) {
  const Ed25519KeyPair key = NewEd25519KeyPair();
  const std::string token = PasetoSign(key.secret_key, "m", "", "");
  for (const std::string& bad :
       {std::string(), std::string("v4.public."), std::string("v4.public"), "v2" + token.substr(2),
        "v4.local" + token.substr(9), std::string(1 << 20, 'v'),
        "v4.public." + std::string(1 << 20, 'A'), " " + token}) {
    EXPECT_THAT(PasetoVerify(key.public_key, bad, ""),
                StatusIs(absl::StatusCode::kUnauthenticated));
    EXPECT_THAT(PasetoUnverifiedFooter(bad), StatusIs(absl::StatusCode::kUnauthenticated));
  }
}

}  // namespace
}  // namespace rostrum
