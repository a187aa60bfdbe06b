#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/account/account.h"
#include "services/common/base/ids.h"

namespace rostrum::account {

// A login on one device.
struct Session {
  SessionId id;
  AccountId account_id;
  absl::Time create_time;
  absl::Time last_use_time;  // to the hour
  absl::Time expire_time;    // when it ends, even if it is used
};

// How long sessions last.
struct SessionRules {
  absl::Duration idle = absl::Hours(24 * 30);
  absl::Duration absolute = absl::Hours(24 * 90);
};
// An account keeps at most this many; the oldest ends when another is opened.
inline constexpr int kMaxSessions = 50;

struct NewSession {
  SessionId id;
  std::string token_hash;
  absl::Time create_time;
  absl::Time expire_time;
};

// A password that was verified before the transaction.
struct VerifiedPassword {
  std::string hash;      // the hash that it was verified against
  std::string new_hash;  // replaces it if not empty (the parameters have changed)
};

struct OpenedSession {
  Session session;
  Account account;
};

// Stores sessions. Thread-safe. All methods may return UNAVAILABLE. Ending a session writes
// a CredentialsRevoked event.
class SessionStore {
 public:
  virtual ~SessionStore() = default;

  // Opens a session by password. UNAUTHENTICATED / LOGIN_FAILED if the password
  // changed in the meantime or the account is gone.
  virtual absl::StatusOr<OpenedSession> Open(const AccountId& account_id, const NewSession& session,
                                             const VerifiedPassword& password) = 0;

  // The session of a token, with its account. Records the use, to the hour, if the database
  // can be written. UNAUTHENTICATED / CREDENTIAL_INVALID if there is no such session or it
  // has ended.
  virtual absl::StatusOr<OpenedSession> Resolve(const std::string& token_hash, absl::Duration idle,
                                                absl::Time now) = 0;

  // The sessions that have not ended, the most recently used first.
  virtual absl::StatusOr<std::vector<Session>> List(const AccountId& account_id,
                                                    absl::Duration idle, absl::Time now) = 0;

  // NOT_FOUND / SESSION_NOT_FOUND, also for another account's session.
  virtual absl::Status Revoke(const AccountId& account_id, const SessionId& id, absl::Time now) = 0;

  // Ends all but `keep`; returns how many.
  virtual absl::StatusOr<int> RevokeOthers(const AccountId& account_id, const SessionId& keep,
                                           absl::Time now) = 0;
};

}  // namespace rostrum::account
