#include "services/account/postgres_one_time_token_store.h"

#include "absl/strings/str_cat.h"
#include "services/account/account_rows.h"
#include "services/account/canonical_address.h"
#include "services/account/postgres_mail_queue.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {
namespace {

constexpr char kInsert[] = R"sql(
  INSERT INTO one_time_tokens (token_hash, purpose, account_id, return_path, expire_time)
  SELECT $1, $2, account_id, $3, $4 FROM accounts WHERE email_lower = $5
  RETURNING account_id)sql";

constexpr char kFindOwner[] =
    "SELECT account_id FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2";

// Deleting the row uses the token: only one request can do that.
constexpr char kConsume[] = R"sql(
  DELETE FROM one_time_tokens WHERE token_hash = $1 AND purpose = $2 AND expire_time > $3
  RETURNING return_path)sql";

constexpr char kVoidSiblings[] =
    "DELETE FROM one_time_tokens WHERE account_id = $1 AND purpose = $2";

const char* NameOf(TokenPurpose purpose) {
  return purpose == TokenPurpose::kLogin ? "login" : "reset";
}

absl::Status LinkInvalid() {
  return Error(absl::StatusCode::kUnauthenticated, "LINK_INVALID",
               "the link is unknown, was used or has expired");
}

struct Consumed {
  Account account;  // locked
  std::string return_path;
};

absl::StatusOr<Consumed> Consume(Transaction& tx, TokenPurpose purpose,
                                 const std::string& token_hash, absl::Time now) {
  // Locks the account first, then its tokens: the same order everywhere.
  const pqxx::result owner = tx.Exec(kFindOwner, SqlBytes(token_hash), NameOf(purpose));
  if (owner.empty()) return LinkInvalid();
  std::optional<Account> account = LockAccount(tx, ReadId<AccountId>(owner[0][0]));
  const pqxx::result used = tx.Exec(kConsume, SqlBytes(token_hash), NameOf(purpose), SqlTime(now));
  if (!account.has_value() || used.empty()) return LinkInvalid();
  tx.Exec(kVoidSiblings, account->id.value(), NameOf(purpose));
  return Consumed{*std::move(account), ReadText(used[0][0])};
}

}  // namespace

absl::Status PostgresOneTimeTokenStore::Issue(const NewOneTimeToken& token) {
  const absl::Status issued = RunTx(pool_, [&](Transaction& tx) {
    const pqxx::result rows =
        tx.Exec(kInsert, SqlBytes(token.token_hash), NameOf(token.purpose), token.return_path,
                SqlTime(token.expire_time), LowerAddress(token.email));
    EnqueueMail(tx, rows.empty() ? token.mail.Unaddressed() : token.mail, token.create_time,
                token.expire_time);
    return absl::OkStatus();
  });
  if (issued.ok()) mails_.Notify();
  return issued;
}

absl::StatusOr<RedeemedLogin> PostgresOneTimeTokenStore::RedeemLogin(const std::string& token_hash,
                                                                     const NewSession& session) {
  auto redeemed = RunTx<
      RedeemedLogin>(pool_, [&](Transaction& tx) -> absl::StatusOr<RedeemedLogin> {
    ASSIGN_OR_RETURN(Consumed consumed,
                     Consume(tx, TokenPurpose::kLogin, token_hash, session.create_time));
    Session opened = InsertSession(tx, consumed.account.id, session);
    return RedeemedLogin{{std::move(opened), std::move(consumed.account)}, consumed.return_path};
  });
  if (redeemed.ok()) events_.Notify();
  return redeemed;
}

absl::StatusOr<Account> PostgresOneTimeTokenStore::FindForReset(const std::string& token_hash,
                                                                absl::Time now) {
  return RunQuery<Account>(pool_, [&](Transaction& tx) -> absl::StatusOr<Account> {
    const pqxx::result rows = tx.Exec(
        absl::StrCat("SELECT ", kAccountColumns,
                     " FROM one_time_tokens t JOIN accounts a USING (account_id)"
                     " WHERE t.token_hash = $1 AND t.purpose = 'reset' AND t.expire_time > $2"),
        SqlBytes(token_hash), SqlTime(now));
    if (rows.empty()) return LinkInvalid();
    return ReadAccount(rows[0]);
  });
}

absl::Status PostgresOneTimeTokenStore::ResetPassword(const std::string& token_hash,
                                                      const std::string& password_hash,
                                                      const Mail& mail, absl::Time now) {
  const absl::Status reset = RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Consumed consumed, Consume(tx, TokenPurpose::kReset, token_hash, now));
    SetPasswordHash(tx, consumed.account.id, password_hash);
    EndCredentials(tx, consumed.account.id, now);
    EnqueueMail(tx, mail, now);
    return absl::OkStatus();
  });
  if (reset.ok()) events_.Notify(), mails_.Notify();
  return reset;
}

}  // namespace rostrum::account
