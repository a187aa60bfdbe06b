#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/account/access_token_store.h"
#include "services/account/account_rows.h"
#include "services/account/account_store.h"
#include "services/account/canonical_address.h"
#include "services/account/mail_queue.h"
#include "services/account/one_time_token_store.h"
#include "services/account/session_store.h"
#include "services/account/sign_up_rules.h"
#include "services/account/sign_up_store.h"
#include "services/common/base/status.h"

namespace rostrum::account {

// What all the fake stores of a test share, as the real ones share a database.
// Every store locks `mu` for the whole of a call, which makes it a transaction.
struct FakeAccountData {
  struct SignUpRow {
    NewSignUp sign_up;
    SignUpState state;
  };
  struct SessionRow {
    Session session;
    std::string token_hash;
  };
  struct OneTimeRow {
    TokenPurpose purpose;
    AccountId account_id;
    std::string return_path;
    absl::Time expire_time;
  };
  struct AccessTokenRow {
    AccessToken token;
    std::string secret_hash;
  };
  struct MailRow {
    ClaimedMail claimed;
    absl::Time attempt_time;
    std::optional<std::string> outcome;
  };
  struct RoleChange {
    AccountId account_id;
    std::optional<AccountId> changed_by;
    std::vector<std::string> before, after;
  };
  // What a CredentialsRevoked event would say.
  struct Revoked {
    AccountId account_id;
    std::vector<std::string> session_ids, token_ids;
  };

  absl::Mutex mu;
  std::map<AccountId, Account> accounts;
  std::map<SignUpId, SignUpRow> sign_ups;
  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::string, SignUpId>>
      requests;
  std::map<SessionId, SessionRow> sessions;
  std::map<std::string, OneTimeRow> one_time;  // by token hash
  std::map<TokenId, AccessTokenRow> access_tokens;
  std::vector<MailRow> mails;
  std::vector<RoleChange> role_changes;
  std::vector<Revoked> revoked;

  Account* Find(const AccountId& id) {
    const auto found = accounts.find(id);
    return found == accounts.end() ? nullptr : &found->second;
  }
  Account* FindByEmail(const std::string& email) {
    for (auto& [id, account] : accounts) {
      if (LowerAddress(account.email) == LowerAddress(email)) return &account;
    }
    return nullptr;
  }
  absl::Status CheckSessionStands(const AccountId& account_id, const SessionId& session) {
    const auto found = sessions.find(session);
    if (found != sessions.end() && found->second.session.account_id == account_id) {
      return absl::OkStatus();
    }
    return Error(absl::StatusCode::kUnauthenticated, "LOGIN_REQUIRED", "over");
  }
  void Enqueue(const Mail& mail, absl::Time now,
               std::optional<absl::Time> expire_time = std::nullopt) {
    MailRow row{.claimed = {.mail = mail, .create_time = now, .expire_time = expire_time},
                .attempt_time = now};
    if (mail.recipient.empty()) row.outcome = "unaddressed";
    mails.push_back(row);
  }
  void Revoke(const AccountId& account_id, std::vector<std::string> session_ids,
              std::vector<std::string> token_ids) {
    revoked.push_back({account_id, std::move(session_ids), std::move(token_ids)});
  }
  std::vector<std::string> DeleteSessions(const AccountId& account_id, const SessionId& keep) {
    std::vector<std::string> ended;
    std::erase_if(sessions, [&](const auto& entry) {
      if (entry.second.session.account_id != account_id || entry.first == keep) return false;
      ended.push_back(entry.first.value());
      return true;
    });
    return ended;
  }
  int EndSessions(const AccountId& account_id, const SessionId& keep) {
    std::vector<std::string> ended = DeleteSessions(account_id, keep);
    const int count = static_cast<int>(ended.size());
    if (count > 0) Revoke(account_id, std::move(ended), {});
    return count;
  }
  void EndCredentials(const AccountId& account_id) {
    std::vector<std::string> tokens;
    std::erase_if(access_tokens, [&](const auto& entry) {
      if (entry.second.token.account_id != account_id) return false;
      tokens.push_back(entry.first.value());
      return true;
    });
    std::vector<std::string> ended = DeleteSessions(account_id, SessionId());
    if (!ended.empty() || !tokens.empty()) Revoke(account_id, std::move(ended), std::move(tokens));
  }
  Session InsertSession(const AccountId& account_id, const NewSession& made) {
    const Session session{.id = made.id,
                          .account_id = account_id,
                          .create_time = made.create_time,
                          .last_use_time = HourOf(made.create_time),
                          .expire_time = made.expire_time};
    sessions[made.id] = {session, made.token_hash};
    std::vector<std::pair<absl::Time, SessionId>> mine;
    for (const auto& [id, row] : sessions) {
      if (row.session.account_id == account_id) mine.emplace_back(row.session.create_time, id);
    }
    std::sort(mine.rbegin(), mine.rend());
    std::vector<std::string> ended;
    for (size_t i = kMaxSessions; i < mine.size(); ++i) {
      ended.push_back(mine[i].second.value());
      sessions.erase(mine[i].second);
    }
    if (!ended.empty()) Revoke(account_id, std::move(ended), {});
    return session;
  }
  void SetPasswordHash(Account& account, const std::string& hash) {
    account.password_hash = hash;
    ++account.version;
    std::erase_if(one_time, [&](const auto& e) { return e.second.account_id == account.id; });
  }
};

}  // namespace rostrum::account
