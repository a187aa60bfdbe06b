#include "services/account/account_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "rostrum/account/v1/events.pb.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/fields.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::account {
namespace {

constexpr char kInsertSession[] = R"sql(
  INSERT INTO sessions (session_id, account_id, token_hash, create_time, last_use_time, expire_time)
  VALUES ($1, $2, $3, $4, $5, $6))sql";

constexpr char kEndOldest[] = R"sql(
  DELETE FROM sessions WHERE session_id IN (
    SELECT session_id FROM sessions WHERE account_id = $1
    ORDER BY create_time DESC, session_id DESC OFFSET $2)
  RETURNING session_id)sql";

constexpr char kEndSessions[] = R"sql(
  DELETE FROM sessions WHERE account_id = $1 AND session_id IS DISTINCT FROM $2::uuid
  RETURNING session_id)sql";

constexpr char kFindSession[] = "SELECT FROM sessions WHERE session_id = $1 AND account_id = $2";

constexpr char kEndTokens[] = "DELETE FROM access_tokens WHERE account_id = $1 RETURNING token_id";

// How long a request may wait until the use of its session or token is noted.
constexpr absl::Duration kNoteTime = absl::Milliseconds(250);

std::vector<std::string> ReadIds(const pqxx::result& rows) {
  std::vector<std::string> ids;
  for (const pqxx::row& row : rows) ids.push_back(ReadText(row[0]));
  return ids;
}

std::optional<Account> SelectAccount(Transaction& tx, const AccountId& id, const char* lock) {
  const pqxx::result rows = tx.Exec(
      absl::StrCat("SELECT ", kAccountColumns, " FROM accounts a WHERE a.account_id = $1", lock),
      id.value());
  if (rows.empty()) return std::nullopt;
  return ReadAccount(rows[0]);
}

std::vector<std::string> DeleteSessions(Transaction& tx, const AccountId& account_id,
                                        const SessionId& keep) {
  return ReadIds(tx.Exec(kEndSessions, account_id.value(),
                         keep.empty() ? std::nullopt : std::make_optional(keep.value())));
}

}  // namespace

Account ReadAccount(const pqxx::row& row, int first) {
  const auto field = [&](int i) { return row[static_cast<pqxx::row::size_type>(first + i)]; };
  return Account{.id = ReadId<AccountId>(field(0)),
                 .email = ReadText(field(1)),
                 .display_name = ReadText(field(2)),
                 .bio = ReadText(field(3)),
                 .language = ReadText(field(4)),
                 .time_zone = ReadText(field(5)),
                 .trial_reminders = field(10).as<bool>(),
                 .roles = ReadArray(field(6)),
                 .password_hash = ReadText(field(7)),
                 .create_time = ReadTime(field(8)),
                 .version = field(9).as<int64_t>()};
}

Session ReadSession(const pqxx::row& row, int first) {
  const auto field = [&](int i) { return row[static_cast<pqxx::row::size_type>(first + i)]; };
  return Session{.id = ReadId<SessionId>(field(0)),
                 .account_id = ReadId<AccountId>(field(1)),
                 .create_time = ReadTime(field(2)),
                 .last_use_time = ReadTime(field(3)),
                 .expire_time = ReadTime(field(4))};
}

std::optional<Account> FindAccount(Transaction& tx, const AccountId& id) {
  return SelectAccount(tx, id, "");
}

std::optional<Account> LockAccount(Transaction& tx, const AccountId& id) {
  return SelectAccount(tx, id, " FOR NO KEY UPDATE");
}

absl::Status AccountNotFound() {
  return Error(absl::StatusCode::kNotFound, "ACCOUNT_NOT_FOUND", "there is no such account");
}

absl::Status CheckSessionStands(Transaction& tx, const AccountId& account_id,
                                const SessionId& session) {
  if (!tx.Exec(kFindSession, session.value(), account_id.value()).empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kUnauthenticated, "LOGIN_REQUIRED",
               "the session is over; log in again");
}

Session InsertSession(Transaction& tx, const AccountId& account_id, const NewSession& session) {
  const absl::Time hour = HourOf(session.create_time);
  tx.Exec(kInsertSession, session.id.value(), account_id.value(), SqlBytes(session.token_hash),
          SqlTime(session.create_time), SqlTime(hour), SqlTime(session.expire_time));
  const std::vector<std::string> ended =
      ReadIds(tx.Exec(kEndOldest, account_id.value(), kMaxSessions));
  if (!ended.empty()) WriteRevoked(tx, account_id, ended, {}, session.create_time);
  return {.id = session.id,
          .account_id = account_id,
          .create_time = session.create_time,
          .last_use_time = hour,
          .expire_time = session.expire_time};
}

int EndSessions(Transaction& tx, const AccountId& account_id, const SessionId& keep,
                absl::Time now) {
  const std::vector<std::string> ended = DeleteSessions(tx, account_id, keep);
  if (!ended.empty()) WriteRevoked(tx, account_id, ended, {}, now);
  return static_cast<int>(ended.size());
}

void EndCredentials(Transaction& tx, const AccountId& account_id, absl::Time now) {
  const std::vector<std::string> sessions = DeleteSessions(tx, account_id, SessionId());
  const std::vector<std::string> tokens = ReadIds(tx.Exec(kEndTokens, account_id.value()));
  if (!sessions.empty() || !tokens.empty()) WriteRevoked(tx, account_id, sessions, tokens, now);
}

void SetPasswordHash(Transaction& tx, const AccountId& account_id, const std::string& hash) {
  tx.Exec("UPDATE accounts SET password_hash = $2, version = version + 1 WHERE account_id = $1",
          account_id.value(), hash);
  tx.Exec("DELETE FROM one_time_tokens WHERE account_id = $1", account_id.value());
}

void WriteRevoked(Transaction& tx, const AccountId& account_id,
                  const std::vector<std::string>& session_ids,
                  const std::vector<std::string>& token_ids, absl::Time now) {
  v1::CredentialsRevoked event;
  event.set_account_id(account_id.value());
  for (const std::string& id : session_ids) event.add_session_ids(id);
  for (const std::string& id : token_ids) event.add_token_ids(id);
  WriteEvent(tx, account_id.value(), event, now);
}

absl::Time HourOf(absl::Time time) {
  return absl::UnixEpoch() + absl::Floor(time - absl::UnixEpoch(), absl::Hours(1));
}

bool NoteUse(PgPool& pool, const char* statement, const std::string& id, absl::Time hour) {
  const ScopedBatchContext soon(std::min(kNoteTime, RequestContext::Current().TimeLeft()));
  const absl::Status noted = RunTx(pool, [&](Transaction& tx) {
    // Else the commit would wait for disk and standby without a timeout. That a crash may
    // forget a use is acceptable.
    tx.exec("SET LOCAL synchronous_commit = off");
    tx.Exec(statement, id, SqlTime(hour));
    return absl::OkStatus();
  });
  static LogBudget lines(1);
  if (!noted.ok()) {
    lines.Log(LogLevel::kWarning, "the use of a credential was not noted",
              {{"code", absl::StatusCodeToString(noted.code())}});
  }
  return noted.ok();
}

}  // namespace rostrum::account
