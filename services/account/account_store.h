#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/account/account.h"
#include "services/account/mail_queue.h"
#include "services/common/base/ids.h"

namespace rostrum::account {

// A place in the list of accounts: the last of a page.
struct AccountCursor {
  absl::Time create_time;
  AccountId id;
};

struct AccountQuery {
  std::string text;  // a mail address, or the beginning of a name; empty for all
  std::optional<AccountCursor> after;
  int limit = 20;
};

struct PasswordChange {
  AccountId account_id;
  std::string old_hash;  // as it stood when the old password was checked
  std::string new_hash;
  SessionId keep_session;
  Mail mail;
  absl::Time now;
};

// An account as an operator defines it on the command line.
struct OperatorAccount {
  AccountId id;  // used if the account does not exist yet
  std::string email;
  std::string display_name;
  std::vector<std::string> roles;
  std::string password_hash;
  absl::Time now;
};

// Stores accounts. Thread-safe. All methods may return UNAVAILABLE; where an
// account is named, NOT_FOUND / ACCOUNT_NOT_FOUND.
class AccountStore {
 public:
  virtual ~AccountStore() = default;

  virtual absl::StatusOr<Account> Get(const AccountId& id) = 0;
  // By login identity; nullopt if there is none.
  virtual absl::StatusOr<std::optional<Account>> FindByEmail(const std::string& email) = 0;
  // Those that exist, in no particular order.
  virtual absl::StatusOr<std::vector<Account>> BatchGet(const std::vector<AccountId>& ids) = 0;
  // Newest first, by (create_time, id).
  virtual absl::StatusOr<std::vector<Account>> List(const AccountQuery& query) = 0;

  // Changes the profile by `change`, which runs inside the transaction and may run more
  // than once; its error is returned and nothing is changed. A new name writes a
  // ProfileChanged event.
  virtual absl::StatusOr<Account> Update(const AccountId& id,
                                         const std::function<absl::Status(Account&)>& change,
                                         absl::Time now) = 0;

  // Sets the password, ends the other sessions, voids mailed links that are not used yet,
  // and queues the mail. UNAUTHENTICATED / LOGIN_REQUIRED if `keep_session`, which asks for
  // it, has ended meanwhile; PERMISSION_DENIED / PASSWORD_WRONG if the password was changed
  // since the old one was checked.
  virtual absl::Status ChangePassword(const PasswordChange& change) = 0;

  // Sets the roles (sorted, without duplicates) and records who did it. Writes a
  // CredentialsRevoked event, because cached identities have the old roles.
  // FAILED_PRECONDITION / LAST_ADMIN.
  virtual absl::StatusOr<Account> SetRoles(const AccountId& id,
                                           const std::vector<std::string>& roles,
                                           const AccountId& changed_by, absl::Time now) = 0;

  // Creates the account, or sets name, roles and password of the existing one; a different
  // password ends its sessions and access tokens. Repeating it changes nothing. LAST_ADMIN
  // as above.
  virtual absl::StatusOr<Account> Ensure(const OperatorAccount& wanted) = 0;
};

}  // namespace rostrum::account
