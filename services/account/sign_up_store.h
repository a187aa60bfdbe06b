#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rostrum/account/v1/sign_up_service.pb.h"
#include "services/account/mail_queue.h"
#include "services/account/session_store.h"
#include "services/common/postgres/idempotency.h"

namespace rostrum::account {

inline constexpr int kMaxCodeTries = 5;
inline constexpr int kMaxResends = 5;
inline constexpr absl::Duration kResendPause = absl::Minutes(1);

// A sign-up that waits for its verification.
struct SignUp {
  SignUpId id;
  std::string email;  // as it was typed
  absl::Time expire_time;
  absl::Time resend_time;
  bool takes_codes = true;  // false after too many wrong ones
};

// The hashes of the token and code of a sign-up, and two mails. The store sends one of the
// mails: `member_mail` if the address has an account already, else `verify_mail`.
struct Verification {
  std::string token_hash;
  std::string code_hash;
  Mail verify_mail;
  Mail member_mail;
  absl::Time create_time;
  absl::Time expire_time;
};

struct NewSignUp {
  SignUpId id;
  std::string email;
  std::string person_key;
  std::string display_name;
  std::string password_hash;  // empty: the person logs in by link only
  v1::SignUpIntent intent;
  std::string return_path;
  Verification verification;
};

// What a person proves the mailbox with: the token of the link, or the code.
struct Proof {
  std::string token_hash;  // if not empty
  // With a code: its sign-up. With a token: the sign-up that was begun in this browser, if
  // known.
  SignUpId sign_up_id;
  std::string code_hash;
};

// Whether a proof comes from the person who began the sign-up. Only then is the password of
// the sign-up kept, because somebody else may have begun it with another password.
inline bool IsOfBeginner(const Proof& proof, const SignUpId& sign_up_id) {
  return proof.sign_up_id == sign_up_id;
}

struct VerifiedSignUp {
  OpenedSession opened;
  std::string person_key;
  v1::SignUpIntent intent;
  std::string return_path;
  bool password_dropped = false;
};

// Stores sign-ups. Until a person has proved to own the mailbox, neither stored data nor
// answers show whether its address has an account. Thread-safe. All methods may return
// UNAVAILABLE.
class SignUpStore {
 public:
  virtual ~SignUpStore() = default;

  // The outcome of an earlier request with this key, or nullopt.
  // INVALID_ARGUMENT / REQUEST_ID_REUSED.
  virtual absl::StatusOr<std::optional<SignUp>> FindRepeated(const IdempotencyKey& key) = 0;

  // Stores a sign-up and queues its mail, once for each key. INVALID_ARGUMENT /
  // REQUEST_ID_REUSED.
  virtual absl::StatusOr<SignUp> Begin(const NewSignUp& sign_up, const IdempotencyKey& key) = 0;

  // NOT_FOUND / SIGN_UP_NOT_FOUND, also once it has expired.
  virtual absl::StatusOr<SignUp> Get(const SignUpId& id, absl::Time now) = 0;

  // Replaces token and code and queues the mail again. NOT_FOUND as above,
  // RESOURCE_EXHAUSTED / RESEND_LIMIT with RetryInfo.
  virtual absl::StatusOr<SignUp> Resend(const SignUpId& id, const Verification& verification) = 0;

  // Consumes the sign-up, creates the account, opens the session and writes
  // AccountVerified: all or nothing, and only once, even with parallel or repeated
  // attempts. A wrong code is counted. Errors as in SignUpService.VerifySignUp.
  virtual absl::StatusOr<VerifiedSignUp> Verify(const Proof& proof, const AccountId& account_id,
                                                const NewSession& session) = 0;
};

}  // namespace rostrum::account
