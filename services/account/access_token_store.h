#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/account/account.h"
#include "services/common/base/ids.h"

namespace rostrum::account {

// A credential for programs, without its secret.
struct AccessToken {
  TokenId id;
  AccountId account_id;
  std::string display_name;
  std::vector<std::string> scopes;  // "read", "write"
  absl::Time create_time;
  absl::Time expire_time;
  std::optional<absl::Time> last_use_time;  // to the hour
};
inline constexpr int kMaxAccessTokens = 50;

struct ResolvedToken {
  AccessToken token;
  Account account;
};

// Stores access tokens. Expired tokens are treated as if they did not exist. Thread-safe.
// All methods may return UNAVAILABLE.
class AccessTokenStore {
 public:
  virtual ~AccessTokenStore() = default;
  // Adds a token. UNAUTHENTICATED / LOGIN_REQUIRED if `session`, which creates it, has
  // ended meanwhile; FAILED_PRECONDITION / TOO_MANY_TOKENS; NOT_FOUND if there is no such
  // account.
  virtual absl::Status Create(const AccessToken& token, const std::string& secret_hash,
                              const SessionId& session) = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<AccessToken>> List(const AccountId& account_id,
                                                        absl::Time now) = 0;
  // NOT_FOUND / TOKEN_NOT_FOUND, also for another account's token. Writes a
  // CredentialsRevoked event.
  virtual absl::Status Revoke(const AccountId& account_id, const TokenId& id, absl::Time now) = 0;
  // The token with this secret. Records the use, to the hour, if the database can be
  // written. UNAUTHENTICATED / CREDENTIAL_INVALID.
  virtual absl::StatusOr<ResolvedToken> Resolve(const std::string& secret_hash, absl::Time now) = 0;
};

}  // namespace rostrum::account
