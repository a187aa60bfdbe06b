#include "services/account/postgres_sign_up_store.h"

#include "absl/strings/str_cat.h"
#include "rostrum/account/v1/events.pb.h"
#include "services/account/account_rows.h"
#include "services/account/canonical_address.h"
#include "services/account/postgres_mail_queue.h"
#include "services/account/sign_up_rules.h"
#include "services/common/base/crypto.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {
namespace {

constexpr char kInsert[] = R"sql(
  INSERT INTO sign_ups (sign_up_id, email, email_lower, person_key, display_name, password_hash,
                        intent, return_path, token_hash, code_hash, create_time, resend_time,
                        expire_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13))sql";

constexpr char kGet[] =
    "SELECT sign_up_id, email, expire_time, resend_time, code_tries FROM sign_ups "
    "WHERE sign_up_id = $1";

constexpr char kLock[] = R"sql(
  SELECT sign_up_id, email, code_hash, code_tries, resends, resend_time, expire_time,
         verify_time IS NOT NULL, person_key, display_name, password_hash, intent, return_path
  FROM sign_ups)sql";

constexpr char kReplace[] = R"sql(
  UPDATE sign_ups SET token_hash = $2, code_hash = $3, resends = resends + 1, resend_time = $4,
                      expire_time = $5
  WHERE sign_up_id = $1)sql";

constexpr char kCountTry[] = "UPDATE sign_ups SET code_tries = $2 WHERE sign_up_id = $1";

constexpr char kIsKnown[] = "SELECT 1 FROM accounts WHERE email_lower = $1";

// If another sign-up of the same address is being verified right now, this waits for it and
// then returns no row.
constexpr char kInsertAccount[] = R"sql(
  INSERT INTO accounts (account_id, email, email_lower, display_name, password_hash, create_time)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email_lower) DO NOTHING
  RETURNING account_id)sql";

constexpr char kMarkVerified[] =
    "UPDATE sign_ups SET verify_time = $2, password_hash = '' WHERE sign_up_id = $1";

// A row of sign_ups, held until the transaction ends.
struct LockedSignUp {
  SignUpId id;
  std::string email;
  std::string code_hash;
  SignUpState state;
  std::string person_key;
  std::string display_name;
  std::string password_hash;
  v1::SignUpIntent intent;
  std::string return_path;
};

std::optional<LockedSignUp> ReadLocked(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  const pqxx::row row = rows[0];
  return LockedSignUp{.id = ReadId<SignUpId>(row[0]),
                      .email = ReadText(row[1]),
                      .code_hash = ReadBytes(row[2]),
                      .state = {.code_tries = row[3].as<int>(),
                                .resends = row[4].as<int>(),
                                .resend_time = ReadTime(row[5]),
                                .expire_time = ReadTime(row[6]),
                                .verified = row[7].as<bool>()},
                      .person_key = ReadBytes(row[8]),
                      .display_name = ReadText(row[9]),
                      .password_hash = ReadText(row[10]),
                      .intent = static_cast<v1::SignUpIntent>(row[11].as<int>()),
                      .return_path = ReadText(row[12])};
}

std::optional<LockedSignUp> LockById(Transaction& tx, const SignUpId& id) {
  return ReadLocked(tx.Exec(absl::StrCat(kLock, " WHERE sign_up_id = $1 FOR UPDATE"), id.value()));
}

std::optional<LockedSignUp> LockByToken(Transaction& tx, const std::string& token_hash) {
  return ReadLocked(
      tx.Exec(absl::StrCat(kLock, " WHERE token_hash = $1 FOR UPDATE"), SqlBytes(token_hash)));
}

absl::StatusOr<SignUp> Load(Transaction& tx, const SignUpId& id) {
  const pqxx::result rows = tx.Exec(kGet, id.value());
  if (rows.empty()) return SignUpNotFound();
  return SignUp{.id = ReadId<SignUpId>(rows[0][0]),
                .email = ReadText(rows[0][1]),
                .expire_time = ReadTime(rows[0][2]),
                .resend_time = ReadTime(rows[0][3]),
                .takes_codes = TakesCodes(rows[0][4].as<int>())};
}

// Queues the mail for a new address, or for one that has an account.
void EnqueueFitting(Transaction& tx, const std::string& email, const Verification& verification) {
  const bool known = !tx.Exec(kIsKnown, LowerAddress(email)).empty();
  EnqueueMail(tx, known ? verification.member_mail : verification.verify_mail,
              verification.create_time, verification.expire_time);
}

// The result of a transaction of Verify. A refusal is a result, not an error, because the
// count of wrong codes must be committed with it.
struct Attempt {
  absl::Status refusal;
  std::optional<VerifiedSignUp> verified;
};

// Makes the account of a sign-up whose address was proven.
Attempt Complete(Transaction& tx, const LockedSignUp& sign_up, bool of_beginner,
                 const AccountId& account_id, const NewSession& session) {
  const absl::Time now = session.create_time;
  const pqxx::result made =
      tx.Exec(kInsertAccount, account_id.value(), sign_up.email, LowerAddress(sign_up.email),
              sign_up.display_name, of_beginner ? sign_up.password_hash : "", SqlTime(now));
  if (made.empty()) return {EmailVerifiedAlready(), std::nullopt};
  tx.Exec(kMarkVerified, sign_up.id.value(), SqlTime(now));

  v1::AccountVerified event;
  event.set_account_id(account_id.value());
  event.set_display_name(sign_up.display_name);
  event.set_person_key(sign_up.person_key);
  event.set_trial_accepted(sign_up.intent == v1::SIGN_UP_INTENT_TRIAL);
  WriteEvent(tx, account_id.value(), event, now);

  Session opened = InsertSession(tx, account_id, session);
  return {absl::OkStatus(),
          VerifiedSignUp{.opened = {std::move(opened), *LockAccount(tx, account_id)},
                         .person_key = sign_up.person_key,
                         .intent = sign_up.intent,
                         .return_path = sign_up.return_path,
                         .password_dropped = !of_beginner && !sign_up.password_hash.empty()}};
}

}  // namespace

absl::StatusOr<std::optional<SignUp>> PostgresSignUpStore::FindRepeated(const IdempotencyKey& key) {
  return RunRead<std::optional<SignUp>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::optional<SignUp>> {
        ASSIGN_OR_RETURN(const std::optional<std::string> id, FindIdempotentResult(tx, key));
        if (!id.has_value()) return std::optional<SignUp>();
        ASSIGN_OR_RETURN(SignUp known, Load(tx, SignUpId(*id)));
        return std::make_optional(std::move(known));
      });
}

absl::StatusOr<SignUp> PostgresSignUpStore::Begin(const NewSignUp& sign_up,
                                                  const IdempotencyKey& key) {
  auto begun = RunTx<SignUp>(pool_, [&](Transaction& tx) -> absl::StatusOr<SignUp> {
    ASSIGN_OR_RETURN(const std::optional<std::string> known,
                     ClaimIdempotencyKey(tx, key, sign_up.id.value()));
    if (known.has_value()) return Load(tx, SignUpId(*known));

    const Verification& verification = sign_up.verification;
    tx.Exec(kInsert, sign_up.id.value(), sign_up.email, LowerAddress(sign_up.email),
            SqlBytes(sign_up.person_key), sign_up.display_name, sign_up.password_hash,
            static_cast<int>(sign_up.intent), sign_up.return_path,
            SqlBytes(verification.token_hash), SqlBytes(verification.code_hash),
            SqlTime(verification.create_time), SqlTime(verification.create_time + kResendPause),
            SqlTime(verification.expire_time));
    EnqueueFitting(tx, sign_up.email, verification);
    return Load(tx, sign_up.id);
  });
  if (begun.ok()) mails_.Notify();
  return begun;
}

absl::StatusOr<SignUp> PostgresSignUpStore::Get(const SignUpId& id, absl::Time now) {
  return RunQuery<SignUp>(pool_, [&](Transaction& tx) -> absl::StatusOr<SignUp> {
    ASSIGN_OR_RETURN(SignUp sign_up, Load(tx, id));
    if (now >= sign_up.expire_time) return SignUpNotFound();
    return sign_up;
  });
}

absl::StatusOr<SignUp> PostgresSignUpStore::Resend(const SignUpId& id,
                                                   const Verification& verification) {
  const absl::Time now = verification.create_time;
  auto resent = RunTx<SignUp>(pool_, [&](Transaction& tx) -> absl::StatusOr<SignUp> {
    const std::optional<LockedSignUp> sign_up = LockById(tx, id);
    if (!sign_up.has_value() || now >= sign_up->state.expire_time) return SignUpNotFound();
    RETURN_IF_ERROR(CheckResend(sign_up->state, now));
    tx.Exec(kReplace, id.value(), SqlBytes(verification.token_hash),
            SqlBytes(verification.code_hash), SqlTime(now + kResendPause),
            SqlTime(verification.expire_time));
    EnqueueFitting(tx, sign_up->email, verification);
    return Load(tx, id);
  });
  if (resent.ok()) mails_.Notify();
  return resent;
}

absl::StatusOr<VerifiedSignUp> PostgresSignUpStore::Verify(const Proof& proof,
                                                           const AccountId& account_id,
                                                           const NewSession& session) {
  const absl::Time now = session.create_time;
  auto attempt = RunTx<Attempt>(pool_, [&](Transaction& tx) -> absl::StatusOr<Attempt> {
    const bool by_link = !proof.token_hash.empty();
    std::optional<LockedSignUp> sign_up =
        by_link ? LockByToken(tx, proof.token_hash) : LockById(tx, proof.sign_up_id);
    if (!sign_up.has_value()) return VerificationInvalid();

    const int tries_before = sign_up->state.code_tries;
    const absl::Status refusal =
        by_link ? CheckLink(sign_up->state, now)
                : CheckCode(sign_up->state,
                            EqualInConstantTime(sign_up->code_hash, proof.code_hash), now);
    if (sign_up->state.code_tries != tries_before) {
      tx.Exec(kCountTry, sign_up->id.value(), sign_up->state.code_tries);
    }
    if (!refusal.ok()) return Attempt{refusal, std::nullopt};
    return Complete(tx, *sign_up, IsOfBeginner(proof, sign_up->id), account_id, session);
  });
  RETURN_IF_ERROR(attempt);
  if (attempt->verified.has_value()) events_.Notify();
  RETURN_IF_ERROR(attempt->refusal);
  return *std::move(attempt->verified);
}

}  // namespace rostrum::account
