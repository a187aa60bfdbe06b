#pragma once

#include <string>
#include <vector>

#include "tests/services/account/fake_account_data.h"

namespace rostrum::account {

class FakeSessionStore final : public SessionStore {
 public:
  explicit FakeSessionStore(FakeAccountData& data) : data_(data) {}

  absl::StatusOr<OpenedSession> Open(const AccountId& account_id, const NewSession& session,
                                     const VerifiedPassword& password) override {
    absl::MutexLock lock(&data_.mu);
    Account* account = data_.Find(account_id);
    if (account == nullptr || account->password_hash != password.hash) {
      return Error(absl::StatusCode::kUnauthenticated, "LOGIN_FAILED", "wrong");
    }
    if (!password.new_hash.empty()) account->password_hash = password.new_hash;
    return OpenedSession{data_.InsertSession(account_id, session), *account};
  }

  absl::StatusOr<OpenedSession> Resolve(const std::string& token_hash, absl::Duration idle,
                                        absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    for (auto& [id, row] : data_.sessions) {
      if (row.token_hash != token_hash || !IsOpen(row.session, idle, now)) continue;
      row.session.last_use_time = std::max(row.session.last_use_time, HourOf(now));
      return OpenedSession{row.session, data_.accounts.at(row.session.account_id)};
    }
    return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID", "unknown");
  }

  absl::StatusOr<std::vector<Session>> List(const AccountId& account_id, absl::Duration idle,
                                            absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    std::vector<Session> found;
    for (const auto& [id, row] : data_.sessions) {
      if (row.session.account_id == account_id && IsOpen(row.session, idle, now)) {
        found.push_back(row.session);
      }
    }
    std::sort(found.begin(), found.end(), [](const Session& a, const Session& b) {
      return std::tie(b.last_use_time, b.create_time, a.id) <
             std::tie(a.last_use_time, a.create_time, b.id);
    });
    return found;
  }

  absl::Status Revoke(const AccountId& account_id, const SessionId& id, absl::Time) override {
    absl::MutexLock lock(&data_.mu);
    const auto found = data_.sessions.find(id);
    if (found == data_.sessions.end() || found->second.session.account_id != account_id) {
      return Error(absl::StatusCode::kNotFound, "SESSION_NOT_FOUND", "no such session");
    }
    data_.sessions.erase(found);
    data_.Revoke(account_id, {id.value()}, {});
    return absl::OkStatus();
  }

  absl::StatusOr<int> RevokeOthers(const AccountId& account_id, const SessionId& keep,
                                   absl::Time) override {
    absl::MutexLock lock(&data_.mu);
    return data_.EndSessions(account_id, keep);
  }

 private:
  static bool IsOpen(const Session& session, absl::Duration idle, absl::Time now) {
    return session.expire_time > now && session.last_use_time > now - idle - absl::Hours(1);
  }
  FakeAccountData& data_;
};

class FakeOneTimeTokenStore final : public OneTimeTokenStore {
 public:
  explicit FakeOneTimeTokenStore(FakeAccountData& data) : data_(data) {}

  absl::Status Issue(const NewOneTimeToken& token) override {
    absl::MutexLock lock(&data_.mu);
    const Account* account = data_.FindByEmail(token.email);
    if (account != nullptr) {
      data_.one_time[token.token_hash] = {token.purpose, account->id, token.return_path,
                                          token.expire_time};
    }
    data_.Enqueue(account != nullptr ? token.mail : token.mail.Unaddressed(), token.create_time,
                  token.expire_time);
    return absl::OkStatus();
  }

  absl::StatusOr<RedeemedLogin> RedeemLogin(const std::string& token_hash,
                                            const NewSession& session) override {
    absl::MutexLock lock(&data_.mu);
    ASSIGN_OR_RETURN(const FakeAccountData::OneTimeRow row,
                     Consume(TokenPurpose::kLogin, token_hash, session.create_time));
    return RedeemedLogin{
        {data_.InsertSession(row.account_id, session), data_.accounts.at(row.account_id)},
        row.return_path};
  }

  absl::StatusOr<Account> FindForReset(const std::string& token_hash, absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    ASSIGN_OR_RETURN(const FakeAccountData::OneTimeRow row,
                     Find(TokenPurpose::kReset, token_hash, now));
    return data_.accounts.at(row.account_id);
  }

  absl::Status ResetPassword(const std::string& token_hash, const std::string& password_hash,
                             const Mail& mail, absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    ASSIGN_OR_RETURN(const FakeAccountData::OneTimeRow row,
                     Consume(TokenPurpose::kReset, token_hash, now));
    data_.SetPasswordHash(data_.accounts.at(row.account_id), password_hash);
    data_.EndCredentials(row.account_id);
    data_.Enqueue(mail, now);
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<FakeAccountData::OneTimeRow> Find(TokenPurpose purpose,
                                                   const std::string& token_hash, absl::Time now) {
    const auto found = data_.one_time.find(token_hash);
    if (found == data_.one_time.end() || found->second.purpose != purpose ||
        now >= found->second.expire_time) {
      return Error(absl::StatusCode::kUnauthenticated, "LINK_INVALID", "no such link");
    }
    return found->second;
  }
  absl::StatusOr<FakeAccountData::OneTimeRow> Consume(TokenPurpose purpose,
                                                      const std::string& token_hash,
                                                      absl::Time now) {
    ASSIGN_OR_RETURN(FakeAccountData::OneTimeRow row, Find(purpose, token_hash, now));
    std::erase_if(data_.one_time, [&](const auto& e) {
      return e.second.account_id == row.account_id && e.second.purpose == purpose;
    });
    return row;
  }
  FakeAccountData& data_;
};

class FakeAccessTokenStore final : public AccessTokenStore {
 public:
  explicit FakeAccessTokenStore(FakeAccountData& data) : data_(data) {}

  absl::Status Create(const AccessToken& token, const std::string& secret_hash,
                      const SessionId& session) override {
    absl::MutexLock lock(&data_.mu);
    if (data_.Find(token.account_id) == nullptr) return AccountNotFound();
    RETURN_IF_ERROR(data_.CheckSessionStands(token.account_id, session));
    if (Of(token.account_id, token.create_time).size() >= kMaxAccessTokens) {
      return Error(absl::StatusCode::kFailedPrecondition, "TOO_MANY_TOKENS", "too many");
    }
    data_.access_tokens[token.id] = {token, secret_hash};
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<AccessToken>> List(const AccountId& account_id,
                                                absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    return Of(account_id, now);
  }

  absl::Status Revoke(const AccountId& account_id, const TokenId& id, absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    const auto found = data_.access_tokens.find(id);
    if (found == data_.access_tokens.end() || found->second.token.account_id != account_id ||
        now >= found->second.token.expire_time) {
      return Error(absl::StatusCode::kNotFound, "TOKEN_NOT_FOUND", "no such token");
    }
    data_.access_tokens.erase(found);
    data_.Revoke(account_id, {}, {id.value()});
    return absl::OkStatus();
  }

  absl::StatusOr<ResolvedToken> Resolve(const std::string& secret_hash, absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    for (auto& [id, row] : data_.access_tokens) {
      if (row.secret_hash != secret_hash || now >= row.token.expire_time) continue;
      row.token.last_use_time =
          std::max(row.token.last_use_time.value_or(absl::InfinitePast()), HourOf(now));
      return ResolvedToken{row.token, data_.accounts.at(row.token.account_id)};
    }
    return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID", "unknown");
  }

 private:
  std::vector<AccessToken> Of(const AccountId& account_id, absl::Time now) {
    std::vector<AccessToken> found;
    for (const auto& [id, row] : data_.access_tokens) {
      if (row.token.account_id == account_id && row.token.expire_time > now) {
        found.push_back(row.token);
      }
    }
    std::sort(found.begin(), found.end(), [](const AccessToken& a, const AccessToken& b) {
      return std::tie(b.create_time, b.id) < std::tie(a.create_time, a.id);
    });
    return found;
  }
  FakeAccountData& data_;
};

class FakeMailQueue final : public MailQueue {
 public:
  explicit FakeMailQueue(FakeAccountData& data) : data_(data) {}

  absl::StatusOr<std::vector<ClaimedMail>> Claim(absl::Time now, absl::Duration lease,
                                                 int limit) override {
    absl::MutexLock lock(&data_.mu);
    std::vector<FakeAccountData::MailRow*> due;
    for (FakeAccountData::MailRow& row : data_.mails) {
      if (!row.outcome.has_value() && row.attempt_time <= now) due.push_back(&row);
    }
    std::stable_sort(due.begin(), due.end(),
                     [](auto* a, auto* b) { return a->attempt_time < b->attempt_time; });
    std::vector<ClaimedMail> claimed;
    for (FakeAccountData::MailRow* row : due) {
      if (claimed.size() == static_cast<size_t>(limit)) break;
      row->attempt_time = now + lease;
      claimed.push_back(row->claimed);
    }
    return claimed;
  }

  absl::Status Finish(const std::string& id, MailOutcome outcome, absl::Time) override {
    absl::MutexLock lock(&data_.mu);
    if (FakeAccountData::MailRow* row = Find(id); row != nullptr) {
      row->outcome = outcome == MailOutcome::kDelivered ? "delivered"
                     : outcome == MailOutcome::kRefused ? "refused"
                                                        : "dropped";
      row->claimed.mail.recipient.clear();
      row->claimed.mail.bytes.clear();
    }
    return absl::OkStatus();
  }

  absl::Status RetryAt(const std::string& id, absl::Time time) override {
    absl::MutexLock lock(&data_.mu);
    if (FakeAccountData::MailRow* row = Find(id); row != nullptr) {
      row->attempt_time = time;
      ++row->claimed.attempts;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<MailBacklog> Backlog() override {
    absl::MutexLock lock(&data_.mu);
    MailBacklog backlog;
    for (const FakeAccountData::MailRow& row : data_.mails) {
      if (row.outcome.has_value()) continue;
      ++backlog.pending;
      const absl::Time written = row.claimed.create_time;
      backlog.oldest = std::min(backlog.oldest.value_or(written), written);
    }
    return backlog;
  }

 private:
  FakeAccountData::MailRow* Find(const std::string& id) {
    for (FakeAccountData::MailRow& row : data_.mails) {
      if (row.claimed.mail.id == id && !row.outcome.has_value()) return &row;
    }
    return nullptr;
  }
  FakeAccountData& data_;
};

}  // namespace rostrum::account
