#pragma once

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/services/account/fake_account_data.h"

namespace rostrum::account {

// Stores in memory, held to the same contract as the real ones.
class FakeAccountStore final : public AccountStore {
 public:
  explicit FakeAccountStore(FakeAccountData& data) : data_(data) {}

  absl::StatusOr<Account> Get(const AccountId& id) override {
    absl::MutexLock lock(&data_.mu);
    const Account* account = data_.Find(id);
    if (account == nullptr) return AccountNotFound();
    return *account;
  }

  absl::StatusOr<std::optional<Account>> FindByEmail(const std::string& email) override {
    absl::MutexLock lock(&data_.mu);
    const Account* account = data_.FindByEmail(email);
    return account == nullptr ? std::optional<Account>() : std::make_optional(*account);
  }

  absl::StatusOr<std::vector<Account>> BatchGet(const std::vector<AccountId>& ids) override {
    absl::MutexLock lock(&data_.mu);
    std::vector<Account> found;
    for (const auto& [id, account] : data_.accounts) {
      if (std::find(ids.begin(), ids.end(), id) != ids.end()) found.push_back(account);
    }
    return found;
  }

  absl::StatusOr<std::vector<Account>> List(const AccountQuery& query) override {
    absl::MutexLock lock(&data_.mu);
    std::vector<Account> found;
    for (const auto& [id, account] : data_.accounts) {
      const bool matches = query.text.empty() ||
                           LowerAddress(account.email) == LowerAddress(query.text) ||
                           absl::StartsWithIgnoreCase(account.display_name, query.text);
      const bool beyond =
          !query.after.has_value() ||
          std::tie(account.create_time, id) < std::tie(query.after->create_time, query.after->id);
      if (matches && beyond) found.push_back(account);
    }
    std::sort(found.begin(), found.end(), [](const Account& a, const Account& b) {
      return std::tie(b.create_time, b.id) < std::tie(a.create_time, a.id);
    });
    if (found.size() > static_cast<size_t>(query.limit)) found.resize(query.limit);
    return found;
  }

  absl::StatusOr<Account> Update(const AccountId& id,
                                 const std::function<absl::Status(Account&)>& change,
                                 absl::Time) override {
    absl::MutexLock lock(&data_.mu);
    Account* account = data_.Find(id);
    if (account == nullptr) return AccountNotFound();
    Account after = *account;
    RETURN_IF_ERROR(change(after));
    return *account = after;
  }

  absl::Status ChangePassword(const PasswordChange& change) override {
    absl::MutexLock lock(&data_.mu);
    Account* account = data_.Find(change.account_id);
    if (account == nullptr) return AccountNotFound();
    RETURN_IF_ERROR(data_.CheckSessionStands(account->id, change.keep_session));
    if (account->password_hash != change.old_hash) {
      return Error(absl::StatusCode::kPermissionDenied, "PASSWORD_WRONG", "wrong");
    }
    data_.SetPasswordHash(*account, change.new_hash);
    data_.EndSessions(account->id, change.keep_session);
    data_.Enqueue(change.mail, change.now);
    return absl::OkStatus();
  }

  absl::StatusOr<Account> SetRoles(const AccountId& id, const std::vector<std::string>& roles,
                                   const AccountId& changed_by, absl::Time) override {
    absl::MutexLock lock(&data_.mu);
    Account* account = data_.Find(id);
    if (account == nullptr) return AccountNotFound();
    RETURN_IF_ERROR(ApplyRoles(*account, roles, changed_by));
    return *account;
  }

  absl::StatusOr<Account> Ensure(const OperatorAccount& wanted) override {
    absl::MutexLock lock(&data_.mu);
    Account* account = data_.FindByEmail(wanted.email);
    if (account == nullptr) {
      account = &data_.accounts[wanted.id];
      *account = {.id = wanted.id,
                  .email = wanted.email,
                  .display_name = wanted.display_name,
                  .password_hash = wanted.password_hash,
                  .create_time = wanted.now};
    }
    if (account->display_name != wanted.display_name) {
      account->display_name = wanted.display_name;
      ++account->version;
    }
    if (account->password_hash != wanted.password_hash) {
      data_.SetPasswordHash(*account, wanted.password_hash);
      data_.EndCredentials(account->id);
    }
    RETURN_IF_ERROR(ApplyRoles(*account, wanted.roles, std::nullopt));
    return *account;
  }

 private:
  absl::Status ApplyRoles(Account& account, const std::vector<std::string>& roles,
                          const std::optional<AccountId>& changed_by) {
    if (account.roles == roles) return absl::OkStatus();
    const auto admins = std::count_if(data_.accounts.begin(), data_.accounts.end(),
                                      [](const auto& e) { return e.second.HasRole("admin"); });
    const bool stays = std::find(roles.begin(), roles.end(), "admin") != roles.end();
    if (account.HasRole("admin") && !stays && admins <= 1) {
      return Error(absl::StatusCode::kFailedPrecondition, "LAST_ADMIN", "the last admin");
    }
    data_.role_changes.push_back({account.id, changed_by, account.roles, roles});
    data_.Revoke(account.id, {}, {});
    account.roles = roles;
    ++account.version;
    return absl::OkStatus();
  }

  FakeAccountData& data_;
};

}  // namespace rostrum::account
