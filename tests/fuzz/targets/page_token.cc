#include "services/common/rpc/page_token.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum {

// As a token, nothing is believed that we did not sign. As the parts of a
// cursor, one a line, they come back from a token of the same list only.
FUZZ_TARGET(page_token) {
  static const PageTokens* const tokens = new PageTokens("a secret of all replicas");
  for (size_t parts = 0; parts < 4; ++parts) {
    const auto forged = tokens->Decode("posts", input, parts);
    REQUIRE(!forged.ok() || input.empty(), input);
    REQUIRE(forged.ok() || ReasonOf(forged.status()) != "INTERNAL", input);
  }
  const auto bytes = Base64UrlDecode(input);
  REQUIRE(!bytes.ok() || Base64Url(*bytes) == input, input);

  const std::vector<std::string> cursor = absl::StrSplit(input, '\n');
  const std::string token = tokens->Encode("posts", cursor);
  const auto back = tokens->Decode("posts", token, cursor.size());
  // Longer ones are none of ours: ids and times are short.
  REQUIRE(back.ok() || token.size() > 1024, token);
  REQUIRE(!back.ok() || *back == cursor, token);
  REQUIRE(!tokens->Decode("comments", token, cursor.size()).ok(), token);
  REQUIRE(!tokens->Decode("posts", token, cursor.size() + 1).ok(), token);
  REQUIRE(!PageTokens("another").Decode("posts", token, cursor.size()).ok(), token);
  std::string changed = token;
  changed[input.size() % changed.size()] ^= 1;
  REQUIRE(!tokens->Decode("posts", changed, cursor.size()).ok(), changed);
  const auto time = page_token_internal::ReadTimePart(cursor[0]);
  REQUIRE(!time.ok() || *time == *time, cursor[0]);
}

}  // namespace rostrum
