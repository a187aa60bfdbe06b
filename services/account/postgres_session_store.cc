#include "services/account/postgres_session_store.h"

#include "absl/strings/str_cat.h"
#include "services/account/account_rows.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {
namespace {

// The time of use is noted as the start of its hour, so idle time counts from the end of that
// hour.
constexpr char kOpen[] = "s.expire_time > $2 AND s.last_use_time > $3";
std::string IdleSince(absl::Duration idle, absl::Time now) {
  return SqlTime(now - idle - absl::Hours(1));
}

constexpr char kRevoke[] =
    "DELETE FROM sessions WHERE account_id = $1 AND session_id = $2 RETURNING session_id";

constexpr char kTouch[] =
    "UPDATE sessions SET last_use_time = $2 WHERE session_id = $1 AND last_use_time < $2";

}  // namespace

absl::StatusOr<OpenedSession> PostgresSessionStore::Open(const AccountId& account_id,
                                                         const NewSession& session,
                                                         const VerifiedPassword& password) {
  auto opened = RunTx<OpenedSession>(pool_, [&](Transaction& tx) -> absl::StatusOr<OpenedSession> {
    std::optional<Account> account = LockAccount(tx, account_id);
    if (!account.has_value() || account->password_hash != password.hash) {
      return Error(absl::StatusCode::kUnauthenticated, "LOGIN_FAILED",
                   "mail address or password is wrong");
    }
    if (!password.new_hash.empty()) {
      tx.Exec("UPDATE accounts SET password_hash = $2 WHERE account_id = $1", account_id.value(),
              password.new_hash);
      account->password_hash = password.new_hash;
    }
    return OpenedSession{InsertSession(tx, account_id, session), *std::move(account)};
  });
  if (opened.ok()) events_.Notify();
  return opened;
}

absl::StatusOr<OpenedSession> PostgresSessionStore::Resolve(const std::string& token_hash,
                                                            absl::Duration idle, absl::Time now) {
  auto found =
      RunQuery<OpenedSession>(pool_, [&](Transaction& tx) -> absl::StatusOr<OpenedSession> {
        const pqxx::result rows =
            tx.Exec(absl::StrCat("SELECT ", kSessionColumns, ", ", kAccountColumns,
                                 " FROM sessions s JOIN accounts a USING (account_id)"
                                 " WHERE s.token_hash = $1 AND ",
                                 kOpen),
                    SqlBytes(token_hash), SqlTime(now), IdleSince(idle, now));
        if (rows.empty()) {
          return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID",
                       "the credential is unknown, revoked or expired");
        }
        return OpenedSession{ReadSession(rows[0]), ReadAccount(rows[0], kSessionColumnCount)};
      });
  RETURN_IF_ERROR(found);
  const absl::Time hour = HourOf(now);
  if (found->session.last_use_time < hour &&
      NoteUse(pool_, kTouch, found->session.id.value(), hour)) {
    found->session.last_use_time = hour;
  }
  return found;
}

absl::StatusOr<std::vector<Session>> PostgresSessionStore::List(const AccountId& account_id,
                                                                absl::Duration idle,
                                                                absl::Time now) {
  return RunQuery<std::vector<Session>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Session>> {
        std::vector<Session> sessions;
        for (const pqxx::row& row : tx.Exec(
                 absl::StrCat("SELECT ", kSessionColumns,
                              " FROM sessions s WHERE s.account_id = $1 AND ", kOpen,
                              " ORDER BY s.last_use_time DESC, s.create_time DESC, s.session_id"),
                 account_id.value(), SqlTime(now), IdleSince(idle, now))) {
          sessions.push_back(ReadSession(row));
        }
        return sessions;
      });
}

absl::Status PostgresSessionStore::Revoke(const AccountId& account_id, const SessionId& id,
                                          absl::Time now) {
  const absl::Status revoked = RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    if (tx.Exec(kRevoke, account_id.value(), id.value()).empty()) {
      return Error(absl::StatusCode::kNotFound, "SESSION_NOT_FOUND", "there is no such session");
    }
    WriteRevoked(tx, account_id, {id.value()}, {}, now);
    return absl::OkStatus();
  });
  if (revoked.ok()) events_.Notify();
  return revoked;
}

absl::StatusOr<int> PostgresSessionStore::RevokeOthers(const AccountId& account_id,
                                                       const SessionId& keep, absl::Time now) {
  auto revoked = RunTx<int>(pool_, [&](Transaction& tx) -> absl::StatusOr<int> {
    return EndSessions(tx, account_id, keep, now);
  });
  if (revoked.ok()) events_.Notify();
  return revoked;
}

}  // namespace rostrum::account
