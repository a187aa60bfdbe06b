#include "services/account/postgres_access_token_store.h"

#include "absl/strings/str_cat.h"
#include "services/account/account_rows.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::account {
namespace {

constexpr char kColumns[] =
    "t.token_id, t.account_id, t.display_name, t.scopes, t.create_time, t.expire_time, "
    "t.last_use_time";
constexpr int kColumnCount = 7;

constexpr char kCount[] =
    "SELECT count(*) FROM access_tokens WHERE account_id = $1 AND expire_time > $2";

constexpr char kInsert[] = R"sql(
  INSERT INTO access_tokens (token_id, account_id, secret_hash, display_name, scopes, create_time,
                             expire_time)
  VALUES ($1, $2, $3, $4, $5::text[], $6, $7))sql";

constexpr char kRevoke[] = R"sql(
  DELETE FROM access_tokens WHERE account_id = $1 AND token_id = $2 AND expire_time > $3
  RETURNING token_id)sql";

constexpr char kTouch[] = R"sql(
  UPDATE access_tokens SET last_use_time = $2
  WHERE token_id = $1 AND (last_use_time IS NULL OR last_use_time < $2))sql";

AccessToken ReadToken(const pqxx::row& row) {
  return AccessToken{.id = ReadId<TokenId>(row[0]),
                     .account_id = ReadId<AccountId>(row[1]),
                     .display_name = ReadText(row[2]),
                     .scopes = ReadArray(row[3]),
                     .create_time = ReadTime(row[4]),
                     .expire_time = ReadTime(row[5]),
                     .last_use_time = ReadOptionalTime(row[6])};
}

}  // namespace

absl::Status PostgresAccessTokenStore::Create(const AccessToken& token,
                                              const std::string& secret_hash,
                                              const SessionId& session) {
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    if (!LockAccount(tx, token.account_id).has_value()) return AccountNotFound();
    RETURN_IF_ERROR(CheckSessionStands(tx, token.account_id, session));
    const pqxx::result count =
        tx.Exec(kCount, token.account_id.value(), SqlTime(token.create_time));
    if (count[0][0].as<int>() >= kMaxAccessTokens) {
      return Error(absl::StatusCode::kFailedPrecondition, "TOO_MANY_TOKENS",
                   "there are 50 access tokens already; revoke one first");
    }
    tx.Exec(kInsert, token.id.value(), token.account_id.value(), SqlBytes(secret_hash),
            token.display_name, SqlArray(token.scopes), SqlTime(token.create_time),
            SqlTime(token.expire_time));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<AccessToken>> PostgresAccessTokenStore::List(const AccountId& account_id,
                                                                        absl::Time now) {
  return RunQuery<std::vector<AccessToken>>(
      pool_, [&](Transaction& tx) -> absl::StatusOr<std::vector<AccessToken>> {
        std::vector<AccessToken> tokens;
        for (const pqxx::row& row : tx.Exec(
                 absl::StrCat("SELECT ", kColumns,
                              " FROM access_tokens t WHERE t.account_id = $1 AND t.expire_time > $2"
                              " ORDER BY t.create_time DESC, t.token_id DESC"),
                 account_id.value(), SqlTime(now))) {
          tokens.push_back(ReadToken(row));
        }
        return tokens;
      });
}

absl::Status PostgresAccessTokenStore::Revoke(const AccountId& account_id, const TokenId& id,
                                              absl::Time now) {
  const absl::Status revoked = RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    if (tx.Exec(kRevoke, account_id.value(), id.value(), SqlTime(now)).empty()) {
      return Error(absl::StatusCode::kNotFound, "TOKEN_NOT_FOUND", "there is no such access token");
    }
    WriteRevoked(tx, account_id, {}, {id.value()}, now);
    return absl::OkStatus();
  });
  if (revoked.ok()) events_.Notify();
  return revoked;
}

absl::StatusOr<ResolvedToken> PostgresAccessTokenStore::Resolve(const std::string& secret_hash,
                                                                absl::Time now) {
  auto found =
      RunQuery<ResolvedToken>(pool_, [&](Transaction& tx) -> absl::StatusOr<ResolvedToken> {
        const pqxx::result rows =
            tx.Exec(absl::StrCat("SELECT ", kColumns, ", ", kAccountColumns,
                                 " FROM access_tokens t JOIN accounts a USING (account_id)"
                                 " WHERE t.secret_hash = $1 AND t.expire_time > $2"),
                    SqlBytes(secret_hash), SqlTime(now));
        if (rows.empty()) {
          return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID",
                       "the credential is unknown, revoked or expired");
        }
        return ResolvedToken{ReadToken(rows[0]), ReadAccount(rows[0], kColumnCount)};
      });
  RETURN_IF_ERROR(found);
  const absl::Time hour = HourOf(now);
  if (found->token.last_use_time.value_or(absl::InfinitePast()) < hour &&
      NoteUse(pool_, kTouch, found->token.id.value(), hour)) {
    found->token.last_use_time = hour;
  }
  return found;
}

}  // namespace rostrum::account
