#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/account/account.h"
#include "services/account/session_store.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {

// SQL that several PostgreSQL stores of this service share, because their transactions
// change each other's tables.

// Of `accounts a`, as ReadAccount reads them.
inline constexpr char kAccountColumns[] =
    "a.account_id, a.email, a.display_name, a.bio, a.language, a.time_zone, a.roles, "
    "a.password_hash, a.create_time, a.version, a.trial_reminders";
Account ReadAccount(const pqxx::row& row, int first = 0);

// Of `sessions s`, as ReadSession reads them.
inline constexpr char kSessionColumns[] =
    "s.session_id, s.account_id, s.create_time, s.last_use_time, s.expire_time";
inline constexpr int kSessionColumnCount = 5;
Session ReadSession(const pqxx::row& row, int first = 0);

// The account, or nullopt if there is none.
std::optional<Account> FindAccount(Transaction& tx, const AccountId& id);
// The same, locked until the transaction ends.
std::optional<Account> LockAccount(Transaction& tx, const AccountId& id);
absl::Status AccountNotFound();
// UNAUTHENTICATED / LOGIN_REQUIRED if the session of a locked account has ended: whoever it
// was taken from must not lose more by a request that was under way.
absl::Status CheckSessionStands(Transaction& tx, const AccountId& account_id,
                                const SessionId& session);

// Opens a session of a locked account and ends the oldest beyond kMaxSessions.
Session InsertSession(Transaction& tx, const AccountId& account_id, const NewSession& session);
// Ends all sessions of an account except `keep` (which may be empty) and writes a
// CredentialsRevoked event; returns how many ended.
int EndSessions(Transaction& tx, const AccountId& account_id, const SessionId& keep,
                absl::Time now);
// Ends all sessions and access tokens of a locked account, and writes a CredentialsRevoked
// event.
void EndCredentials(Transaction& tx, const AccountId& account_id, absl::Time now);
// Sets the password of a locked account and voids the mailed links that are not used yet.
void SetPasswordHash(Transaction& tx, const AccountId& account_id, const std::string& hash);

// Writes CredentialsRevoked. If both lists are empty, caches must drop everything that they
// keep of the account.
void WriteRevoked(Transaction& tx, const AccountId& account_id,
                  const std::vector<std::string>& session_ids,
                  const std::vector<std::string>& token_ids, absl::Time now);

// Uses are recorded to the hour only, so that they do not show a person's day in detail.
absl::Time HourOf(absl::Time time);
// Records a use of a credential by `statement` ($1 is its id, $2 the hour), in a
// transaction of its own. False if that could not be done quickly: a read must not fail or
// wait because of this write.
bool NoteUse(PgPool& pool, const char* statement, const std::string& id, absl::Time hour);

}  // namespace rostrum::account
