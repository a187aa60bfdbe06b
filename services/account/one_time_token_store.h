#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/account/mail_queue.h"
#include "services/account/session_store.h"

namespace rostrum::account {

// Links in mails that log in or reset a password.
enum class TokenPurpose { kLogin, kReset };
inline constexpr absl::Duration kOneTimeTokenLifetime = absl::Minutes(30);

struct NewOneTimeToken {
  TokenPurpose purpose;
  std::string token_hash;
  std::string email;  // as it was typed in this request
  std::string return_path;
  Mail mail;
  absl::Time create_time;
  absl::Time expire_time;
};

struct RedeemedLogin {
  OpenedSession opened;
  std::string return_path;
};

// Stores one-time tokens. Each works once; using one voids the others for the same purpose.
// Thread-safe. All methods may return UNAVAILABLE.
class OneTimeTokenStore {
 public:
  virtual ~OneTimeTokenStore() = default;

  // Stores the token for the account of the address and queues the mail. For an unknown
  // address it does the same amount of work, but nothing is sent.
  virtual absl::Status Issue(const NewOneTimeToken& token) = 0;

  // Consumes a login link and opens a session. UNAUTHENTICATED / LINK_INVALID.
  virtual absl::StatusOr<RedeemedLogin> RedeemLogin(const std::string& token_hash,
                                                    const NewSession& session) = 0;

  // The account that a reset link is for, without consuming it.
  // UNAUTHENTICATED / LINK_INVALID.
  virtual absl::StatusOr<Account> FindForReset(const std::string& token_hash, absl::Time now) = 0;

  // Consumes a reset link: sets the password, ends every session and access token of the
  // account, voids its links, and queues the mail. Writes a CredentialsRevoked event.
  // UNAUTHENTICATED / LINK_INVALID.
  virtual absl::Status ResetPassword(const std::string& token_hash,
                                     const std::string& password_hash, const Mail& mail,
                                     absl::Time now) = 0;
};

}  // namespace rostrum::account
