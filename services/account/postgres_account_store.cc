#include "services/account/postgres_account_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rostrum/account/v1/events.pb.h"
#include "services/account/account_rows.h"
#include "services/account/canonical_address.h"
#include "services/account/postgres_mail_queue.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/id_array.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {
namespace {

constexpr char kUpdateProfile[] = R"sql(
  UPDATE accounts SET display_name = $2, bio = $3, language = $4, time_zone = $5, version = $6,
    trial_reminders = $7
  WHERE account_id = $1)sql";

constexpr char kSetRoles[] =
    "UPDATE accounts SET roles = $2::text[], version = version + 1 WHERE account_id = $1";

constexpr char kKeepRoleChange[] = R"sql(
  INSERT INTO role_changes (change_id, account_id, changed_by, roles_before, roles_after, create_time)
  VALUES ($1, $2, $3, $4::text[], $5::text[], $6))sql";

// So that two admins cannot remove each other. It locks no row, because that would be a write:
// the account is locked after it, and a lock comes before the event.
constexpr char kLockAdmins[] = "SELECT pg_advisory_xact_lock(hashtextextended('admins', 0))";
constexpr char kCountAdmins[] = "SELECT count(*) FROM accounts WHERE 'admin' = ANY (roles)";

constexpr char kInsertByOperator[] = R"sql(
  INSERT INTO accounts (account_id, email, email_lower, display_name, password_hash, create_time)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email_lower) DO NOTHING)sql";

std::string Select(const std::string& where) {
  return absl::StrCat("SELECT ", kAccountColumns, " FROM accounts a ", where);
}

// The beginning of a name as a LIKE pattern.
std::string Beginning(const std::string& text) {
  return absl::StrCat(absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"%", "\\%"}, {"_", "\\_"}}), "%");
}

// How many admins there are until the transaction ends. Called before any account is locked.
int64_t LockAdmins(Transaction& tx) {
  tx.Exec(kLockAdmins);
  return tx.ExecOne(kCountAdmins)[0].as<int64_t>();
}

// Changes the roles of a locked account and records who did it. Does nothing if the account
// has these roles already.
absl::Status ApplyRoles(Transaction& tx, Account& account, const std::vector<std::string>& roles,
                        int64_t admins, const std::optional<AccountId>& changed_by,
                        absl::Time now) {
  if (account.roles == roles) return absl::OkStatus();
  const bool stays_admin = std::find(roles.begin(), roles.end(), "admin") != roles.end();
  if (account.HasRole("admin") && !stays_admin && admins <= 1) {
    return Error(absl::StatusCode::kFailedPrecondition, "LAST_ADMIN",
                 "the last admin cannot stop being one");
  }
  tx.Exec(kSetRoles, account.id.value(), SqlArray(roles));
  tx.Exec(kKeepRoleChange, NewUuid(now), account.id.value(),
          changed_by ? std::make_optional(changed_by->value()) : std::nullopt,
          SqlArray(account.roles), SqlArray(roles), SqlTime(now));
  WriteRevoked(tx, account.id, {}, {}, now);
  account.roles = roles;
  ++account.version;
  return absl::OkStatus();
}

void SaveProfile(Transaction& tx, const Account& before, const Account& after, absl::Time now) {
  tx.Exec(kUpdateProfile, after.id.value(), after.display_name, after.bio, after.language,
          after.time_zone, after.version, after.trial_reminders);
  if (after.display_name == before.display_name) return;
  v1::ProfileChanged event;
  event.set_account_id(after.id.value());
  event.set_display_name(after.display_name);
  WriteEvent(tx, after.id.value(), event, now);
}

}  // namespace

absl::StatusOr<Account> PostgresAccountStore::Get(const AccountId& id) {
  return RunQuery<Account>(pool_, [&](Transaction& tx) -> absl::StatusOr<Account> {
    std::optional<Account> account = FindAccount(tx, id);
    if (!account.has_value()) return AccountNotFound();
    return *std::move(account);
  });
}

absl::StatusOr<std::optional<Account>> PostgresAccountStore::FindByEmail(const std::string& email) {
  return RunQuery<std::optional<Account>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::optional<Account>> {
        const pqxx::result rows = tx.Exec(Select("WHERE a.email_lower = $1"), LowerAddress(email));
        if (rows.empty()) return std::optional<Account>();
        return std::make_optional(ReadAccount(rows[0]));
      });
}

absl::StatusOr<std::vector<Account>> PostgresAccountStore::BatchGet(
    const std::vector<AccountId>& ids) {
  return RunQuery<std::vector<Account>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Account>> {
        std::vector<Account> accounts;
        for (const pqxx::row& row :
             tx.Exec(Select("WHERE a.account_id = ANY ($1::uuid[])"), SqlIds(ids))) {
          accounts.push_back(ReadAccount(row));
        }
        return accounts;
      });
}

absl::StatusOr<std::vector<Account>> PostgresAccountStore::List(const AccountQuery& query) {
  std::optional<std::string> cursor_time, cursor_id;
  if (query.after.has_value()) {
    cursor_time = SqlTime(query.after->create_time);
    cursor_id = query.after->id.value();
  }
  return RunQuery<std::vector<Account>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<Account>> {
        const pqxx::result rows = tx.Exec(
            Select("WHERE ($1 = '' OR a.email_lower = $2 OR lower(a.display_name) LIKE lower($3)) "
                   "AND ($4::timestamptz IS NULL OR "
                   "     (a.create_time, a.account_id) < ($4::timestamptz, $5::uuid)) "
                   "ORDER BY a.create_time DESC, a.account_id DESC LIMIT $6"),
            query.text, LowerAddress(query.text), Beginning(query.text), cursor_time, cursor_id,
            query.limit);
        std::vector<Account> accounts;
        for (const pqxx::row& row : rows) accounts.push_back(ReadAccount(row));
        return accounts;
      });
}

absl::StatusOr<Account> PostgresAccountStore::Update(
    const AccountId& id, const std::function<absl::Status(Account&)>& change, absl::Time now) {
  auto updated = RunTx<Account>(pool_, [&](Transaction& tx) -> absl::StatusOr<Account> {
    const std::optional<Account> before = LockAccount(tx, id);
    if (!before.has_value()) return AccountNotFound();
    Account after = *before;
    RETURN_IF_ERROR(change(after));
    if (after.version != before->version) SaveProfile(tx, *before, after, now);
    return after;
  });
  if (updated.ok()) events_.Notify();
  return updated;
}

absl::Status PostgresAccountStore::ChangePassword(const PasswordChange& change) {
  const absl::Status changed = RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    const std::optional<Account> account = LockAccount(tx, change.account_id);
    if (!account.has_value()) return AccountNotFound();
    RETURN_IF_ERROR(CheckSessionStands(tx, account->id, change.keep_session));
    if (account->password_hash != change.old_hash) {
      return Error(absl::StatusCode::kPermissionDenied, "PASSWORD_WRONG",
                   "the current password is wrong");
    }
    SetPasswordHash(tx, account->id, change.new_hash);
    EndSessions(tx, account->id, change.keep_session, change.now);
    EnqueueMail(tx, change.mail, change.now);
    return absl::OkStatus();
  });
  if (changed.ok()) events_.Notify(), mails_.Notify();
  return changed;
}

absl::StatusOr<Account> PostgresAccountStore::SetRoles(const AccountId& id,
                                                       const std::vector<std::string>& roles,
                                                       const AccountId& changed_by,
                                                       absl::Time now) {
  auto changed = RunTx<Account>(pool_, [&](Transaction& tx) -> absl::StatusOr<Account> {
    const int64_t admins = LockAdmins(tx);
    std::optional<Account> account = LockAccount(tx, id);
    if (!account.has_value()) return AccountNotFound();
    RETURN_IF_ERROR(ApplyRoles(tx, *account, roles, admins, changed_by, now));
    return *account;
  });
  if (changed.ok()) events_.Notify();
  return changed;
}

absl::StatusOr<Account> PostgresAccountStore::Ensure(const OperatorAccount& wanted) {
  const std::string lower = LowerAddress(wanted.email);
  auto ensured = RunTx<Account>(pool_, [&](Transaction& tx) -> absl::StatusOr<Account> {
    const int64_t admins = LockAdmins(tx);
    tx.Exec(kInsertByOperator, wanted.id.value(), wanted.email, lower, wanted.display_name,
            wanted.password_hash, SqlTime(wanted.now));
    const pqxx::result rows = tx.Exec(Select("WHERE a.email_lower = $1 FOR NO KEY UPDATE"), lower);
    const Account before = ReadAccount(rows[0]);
    Account account = before;
    if (account.display_name != wanted.display_name) {
      account.display_name = wanted.display_name;
      ++account.version;
      SaveProfile(tx, before, account, wanted.now);
    }
    if (account.password_hash != wanted.password_hash) {
      SetPasswordHash(tx, account.id, wanted.password_hash);
      EndCredentials(tx, account.id, wanted.now);
      account.password_hash = wanted.password_hash;
      ++account.version;
    }
    RETURN_IF_ERROR(ApplyRoles(tx, account, wanted.roles, admins, std::nullopt, wanted.now));
    return account;
  });
  if (ensured.ok()) events_.Notify();
  return ensured;
}

}  // namespace rostrum::account
