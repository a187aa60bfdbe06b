#pragma once

#include <string>

#include "tests/services/account/fake_account_data.h"

namespace rostrum::account {

class FakeSignUpStore final : public SignUpStore {
 public:
  explicit FakeSignUpStore(FakeAccountData& data) : data_(data) {}

  absl::StatusOr<std::optional<SignUp>> FindRepeated(const IdempotencyKey& key) override {
    absl::MutexLock lock(&data_.mu);
    return FindLocked(key);
  }

  absl::StatusOr<SignUp> Begin(const NewSignUp& sign_up, const IdempotencyKey& key) override {
    absl::MutexLock lock(&data_.mu);
    ASSIGN_OR_RETURN(const std::optional<SignUp> known, FindLocked(key));
    if (known.has_value()) return *known;
    const Verification& verification = sign_up.verification;
    data_.sign_ups[sign_up.id] = {sign_up,
                                  {.resend_time = verification.create_time + kResendPause,
                                   .expire_time = verification.expire_time}};
    if (!key.request_id.empty()) {
      data_.requests[{key.caller, key.method, key.request_id}] = {key.request_hash, sign_up.id};
    }
    Enqueue(sign_up.email, verification);
    return Answer(data_.sign_ups.at(sign_up.id));
  }

  absl::StatusOr<SignUp> Get(const SignUpId& id, absl::Time now) override {
    absl::MutexLock lock(&data_.mu);
    const auto found = data_.sign_ups.find(id);
    if (found == data_.sign_ups.end() || now >= found->second.state.expire_time) {
      return SignUpNotFound();
    }
    return Answer(found->second);
  }

  absl::StatusOr<SignUp> Resend(const SignUpId& id, const Verification& verification) override {
    absl::MutexLock lock(&data_.mu);
    const absl::Time now = verification.create_time;
    const auto found = data_.sign_ups.find(id);
    if (found == data_.sign_ups.end() || now >= found->second.state.expire_time) {
      return SignUpNotFound();
    }
    FakeAccountData::SignUpRow& row = found->second;
    RETURN_IF_ERROR(CheckResend(row.state, now));
    row.sign_up.verification = verification;
    ++row.state.resends;
    row.state.resend_time = now + kResendPause;
    row.state.expire_time = verification.expire_time;
    Enqueue(row.sign_up.email, verification);
    return Answer(row);
  }

  absl::StatusOr<VerifiedSignUp> Verify(const Proof& proof, const AccountId& account_id,
                                        const NewSession& session) override {
    absl::MutexLock lock(&data_.mu);
    FakeAccountData::SignUpRow* row = nullptr;
    for (auto& [id, candidate] : data_.sign_ups) {
      const bool meant = proof.token_hash.empty()
                             ? id == proof.sign_up_id
                             : candidate.sign_up.verification.token_hash == proof.token_hash;
      if (meant) row = &candidate;
    }
    if (row == nullptr) return VerificationInvalid();
    const absl::Time now = session.create_time;
    RETURN_IF_ERROR(
        !proof.token_hash.empty()
            ? CheckLink(row->state, now)
            : CheckCode(row->state, row->sign_up.verification.code_hash == proof.code_hash, now));
    if (data_.FindByEmail(row->sign_up.email) != nullptr) return EmailVerifiedAlready();
    row->state.verified = true;
    const bool of_beginner = IsOfBeginner(proof, row->sign_up.id);
    const Account account{.id = account_id,
                          .email = row->sign_up.email,
                          .display_name = row->sign_up.display_name,
                          .password_hash = of_beginner ? row->sign_up.password_hash : "",
                          .create_time = now};
    data_.accounts[account_id] = account;
    return VerifiedSignUp{.opened = {data_.InsertSession(account_id, session), account},
                          .person_key = row->sign_up.person_key,
                          .intent = row->sign_up.intent,
                          .return_path = row->sign_up.return_path,
                          .password_dropped = !of_beginner && !row->sign_up.password_hash.empty()};
  }

 private:
  static SignUp Answer(const FakeAccountData::SignUpRow& row) {
    return {.id = row.sign_up.id,
            .email = row.sign_up.email,
            .expire_time = row.state.expire_time,
            .resend_time = row.state.resend_time,
            .takes_codes = TakesCodes(row.state.code_tries)};
  }
  absl::StatusOr<std::optional<SignUp>> FindLocked(const IdempotencyKey& key) {
    const auto known = data_.requests.find({key.caller, key.method, key.request_id});
    if (key.request_id.empty() || known == data_.requests.end()) return std::optional<SignUp>();
    if (known->second.first != key.request_hash) {
      return InvalidField("request_id", "REQUEST_ID_REUSED", "was used for another request");
    }
    return std::make_optional(Answer(data_.sign_ups.at(known->second.second)));
  }
  void Enqueue(const std::string& email, const Verification& verification) {
    const bool known = data_.FindByEmail(email) != nullptr;
    data_.Enqueue(known ? verification.member_mail : verification.verify_mail,
                  verification.create_time, verification.expire_time);
  }

  FakeAccountData& data_;
};

}  // namespace rostrum::account
