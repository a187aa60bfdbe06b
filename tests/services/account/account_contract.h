#pragma once

#include "tests/services/account/stores_contract.h"

namespace rostrum::account {

// Accounts and the credentials of those who have one.
template <class Bundle>
class AccountContract : public StoresContract<Bundle> {};
TYPED_TEST_SUITE_P(AccountContract);

TYPED_TEST_P(AccountContract, FindsAccountsByIdAndAddress) {
  const Account made = this->MakeAccount("Ada@Example.org");
  EXPECT_EQ(made.email, "Ada@Example.org");
  EXPECT_EQ(this->s_.accounts.Get(made.id)->email, "Ada@Example.org");
  EXPECT_EQ((*this->s_.accounts.FindByEmail("aDA@example.ORG"))->id, made.id);
  EXPECT_FALSE(this->s_.accounts.FindByEmail("eve@example.org")->has_value());
  const AccountId unknown(NewUuid(this->now_));
  EXPECT_THAT(this->s_.accounts.Get(unknown), HasReason("ACCOUNT_NOT_FOUND"));
  EXPECT_EQ(this->s_.accounts.BatchGet({made.id, unknown, made.id})->size(), 1u);
}

TYPED_TEST_P(AccountContract, EnsureIsRepeatable) {
  const Account first = this->MakeAccount("ada@example.org", "one", {"author"});
  const Account second = this->MakeAccount("ADA@example.org", "one", {"author"}, absl::Hours(1));
  EXPECT_EQ(first.id, second.id);
  EXPECT_EQ(first.version, second.version);
  const Account third = this->MakeAccount("ada@example.org", "two", {"author", "editor"});
  EXPECT_EQ(third.id, first.id);
  EXPECT_EQ(third.password_hash, "two");
  EXPECT_EQ(third.roles, (std::vector<std::string>{"author", "editor"}));
  EXPECT_EQ(this->s_.accounts.Get(first.id)->version, third.version);
}

TYPED_TEST_P(AccountContract, UpdateKeepsAllOrNothing) {
  const Account made = this->MakeAccount("ada@example.org");
  const auto updated = this->s_.accounts.Update(
      made.id,
      [](Account& account) {
        return ChangeProfile(account, {.display_name = "Countess",
                                       .bio = "b",
                                       .language = "pt-BR",
                                       .time_zone = "Europe/Lisbon"});
      },
      this->now_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->version, made.version + 1);
  const auto refused = this->s_.accounts.Update(
      made.id,
      [](Account& account) {
        account.bio = "never";
        return absl::AbortedError("no");
      },
      this->now_);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAborted));
  const auto stored = this->s_.accounts.Get(made.id);
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->display_name, "Countess");
  EXPECT_EQ(stored->bio, "b");
  EXPECT_EQ(stored->language, "pt-BR");
  EXPECT_EQ(stored->time_zone, "Europe/Lisbon");
  EXPECT_EQ(stored->version, made.version + 1);
}

TYPED_TEST_P(AccountContract, ListsNewestFirstAndPagesByKey) {
  std::vector<AccountId> made;
  for (int i = 0; i < 5; ++i) {
    // Two of them at the same time.
    made.push_back(
        this->MakeAccount(absl::StrCat("r", i, "@example.org"), "", {}, absl::Seconds(i / 2)).id);
  }
  std::vector<AccountId> seen;
  AccountQuery query{.limit = 2};
  for (int page = 0; page < 4; ++page) {
    const auto accounts = this->s_.accounts.List(query);
    ASSERT_THAT(accounts, IsOk());
    for (const Account& account : *accounts) seen.push_back(account.id);
    if (accounts->empty()) break;
    query.after = AccountCursor{accounts->back().create_time, accounts->back().id};
  }
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(made));
  EXPECT_EQ(seen.front(), made.back());
  EXPECT_EQ(this->s_.accounts.List({.text = "R3@Example.org"})->size(), 1u);
  EXPECT_EQ(this->s_.accounts.List({.text = "aD"})->size(), 5u);
  EXPECT_EQ(this->s_.accounts.List({.text = "%"})->size(), 0u);
  EXPECT_EQ(this->s_.accounts.List({.text = "d"})->size(), 0u);
}

TYPED_TEST_P(AccountContract, LastAdminStays) {
  const Account admin = this->MakeAccount("admin@example.org", "", {"admin"});
  const Account ada = this->MakeAccount("ada@example.org");
  auto& accounts = this->s_.accounts;
  EXPECT_THAT(accounts.SetRoles(admin.id, {}, admin.id, this->now_), HasReason("LAST_ADMIN"));
  EXPECT_THAT(accounts.SetRoles(ada.id, {"admin"}, admin.id, this->now_), IsOk());
  EXPECT_THAT(accounts.SetRoles(admin.id, {"editor"}, ada.id, this->now_), IsOk());
  EXPECT_TRUE(accounts.Get(ada.id)->HasRole("admin"));
  EXPECT_THAT(accounts.SetRoles(AccountId(NewUuid(this->now_)), {}, ada.id, this->now_),
              HasReason("ACCOUNT_NOT_FOUND"));
}

TYPED_TEST_P(AccountContract, PasswordChangeEndsOtherSessionsAndQueuesAMail) {
  const Account account = this->MakeAccount("ada@example.org");
  const Session kept = this->Open(account, "kept");
  this->Open(account, "other");
  PasswordChange change{.account_id = account.id,
                        .old_hash = "stale",
                        .new_hash = "new",
                        .keep_session = kept.id,
                        .mail = this->MakeMail("ada@example.org"),
                        .now = this->now_};
  EXPECT_THAT(this->s_.accounts.ChangePassword(change), HasReason("PASSWORD_WRONG"));
  change.old_hash = account.password_hash;
  ASSERT_THAT(this->s_.accounts.ChangePassword(change), IsOk());
  EXPECT_EQ(this->s_.accounts.Get(account.id)->password_hash, "new");
  const auto sessions = this->s_.sessions.List(account.id, this->rules_.idle, this->now_);
  ASSERT_EQ(sessions->size(), 1u);
  EXPECT_EQ(sessions->front().id, kept.id);
  EXPECT_EQ(this->ClaimAll(this->now_).size(), 1u);
}

TYPED_TEST_P(AccountContract, AnEndedSessionSetsNoPassword) {
  const Account ada = this->MakeAccount("ada@example.org");
  const Account eve = this->MakeAccount("eve@example.org");
  const Session ended = this->Open(ada, "ended");
  const Session other = this->Open(ada, "other");
  ASSERT_THAT(this->s_.sessions.Revoke(ada.id, ended.id, this->now_), IsOk());
  for (const SessionId& session : {ended.id, this->Open(eve, "of another").id}) {
    EXPECT_THAT(this->s_.accounts.ChangePassword({.account_id = ada.id,
                                                  .old_hash = ada.password_hash,
                                                  .new_hash = "new",
                                                  .keep_session = session,
                                                  .mail = this->MakeMail("ada@example.org"),
                                                  .now = this->now_}),
                HasReason("LOGIN_REQUIRED"));
  }
  EXPECT_EQ(this->s_.accounts.Get(ada.id)->password_hash, ada.password_hash);
  EXPECT_THAT(this->s_.sessions.Resolve(HashToken("other"), this->rules_.idle, this->now_), IsOk());
  EXPECT_EQ(this->ClaimAll(this->now_).size(), 0u);
}

TYPED_TEST_P(AccountContract, SessionNeedsThePasswordThatStands) {
  const Account account = this->MakeAccount("ada@example.org", "hash");
  EXPECT_THAT(
      this->s_.sessions.Open(account.id, this->SessionAt(this->now_, "t"), {.hash = "former hash"}),
      HasReason("LOGIN_FAILED"));
  ASSERT_THAT(this->s_.sessions.Open(account.id, this->SessionAt(this->now_, "t"),
                                     {.hash = "hash", .new_hash = "stronger"}),
              IsOk());
  EXPECT_EQ(this->s_.accounts.Get(account.id)->password_hash, "stronger");
}

TYPED_TEST_P(AccountContract, SessionsEndIdleAndAbsolutely) {
  const Account account = this->MakeAccount("ada@example.org");
  const Session session = this->Open(account, "t");
  auto& sessions = this->s_.sessions;
  const absl::Duration idle = absl::Hours(3);
  EXPECT_EQ(sessions.Resolve(HashToken("t"), idle, this->now_)->account.id, account.id);
  EXPECT_THAT(sessions.Resolve(HashToken("u"), idle, this->now_), HasReason("CREDENTIAL_INVALID"));
  const auto used = sessions.Resolve(HashToken("t"), idle, this->now_ + absl::Hours(2));
  ASSERT_THAT(used, IsOk());
  EXPECT_EQ(used->session.last_use_time, HourOf(this->now_ + absl::Hours(2)));
  EXPECT_THAT(sessions.Resolve(HashToken("t"), idle, this->now_ + absl::Hours(5)), IsOk());
  EXPECT_THAT(sessions.Resolve(HashToken("t"), idle, this->now_ + absl::Hours(10)),
              HasReason("CREDENTIAL_INVALID"));
  EXPECT_EQ(sessions.List(account.id, idle, this->now_ + absl::Hours(10))->size(), 0u);
  EXPECT_THAT(sessions.Resolve(HashToken("t"), absl::Hours(9000), session.expire_time),
              HasReason("CREDENTIAL_INVALID"));
}

TYPED_TEST_P(AccountContract, OldestSessionEndsBeyondTheLimit) {
  const Account account = this->MakeAccount("ada@example.org");
  for (int i = 0; i <= kMaxSessions; ++i) {
    this->Open(account, absl::StrCat("t", i), absl::Seconds(i));
  }
  const absl::Time later = this->now_ + absl::Minutes(1);
  const absl::Duration idle = this->rules_.idle;
  EXPECT_EQ(this->s_.sessions.List(account.id, idle, later)->size(),
            static_cast<size_t>(kMaxSessions));
  EXPECT_THAT(this->s_.sessions.Resolve(HashToken("t0"), idle, later),
              HasReason("CREDENTIAL_INVALID"));
  EXPECT_THAT(this->s_.sessions.Resolve(HashToken("t1"), idle, later), IsOk());
}

TYPED_TEST_P(AccountContract, RevokesSessions) {
  const Account ada = this->MakeAccount("ada@example.org");
  const Account eve = this->MakeAccount("eve@example.org");
  const Session first = this->Open(ada, "a1");
  const Session second = this->Open(ada, "a2", absl::Hours(2));
  auto& sessions = this->s_.sessions;
  const absl::Time later = this->now_ + absl::Hours(2);
  EXPECT_EQ(sessions.List(ada.id, this->rules_.idle, later)->front().id, second.id);
  EXPECT_THAT(sessions.Revoke(eve.id, first.id, later), HasReason("SESSION_NOT_FOUND"));
  EXPECT_THAT(sessions.Revoke(ada.id, first.id, later), IsOk());
  EXPECT_THAT(sessions.Revoke(ada.id, first.id, later), HasReason("SESSION_NOT_FOUND"));
  this->Open(ada, "a3", absl::Hours(2));
  EXPECT_EQ(*sessions.RevokeOthers(ada.id, second.id, later), 1);
  EXPECT_EQ(*sessions.RevokeOthers(ada.id, second.id, later), 0);
  EXPECT_THAT(sessions.Resolve(HashToken("a2"), this->rules_.idle, later), IsOk());
}

TYPED_TEST_P(AccountContract, AccessTokensAreLimitedRevokedAndExpire) {
  const Account ada = this->MakeAccount("ada@example.org");
  auto& tokens = this->s_.access_tokens;
  const auto make = [&](int index) {
    return AccessToken{.id = TokenId(NewUuid(this->now_)),
                       .account_id = ada.id,
                       .display_name = absl::StrCat("token ", index),
                       .scopes = {"read", "write"},
                       .create_time = this->now_ + absl::Seconds(index),
                       .expire_time = this->now_ + absl::Hours(24)};
  };
  const SessionId session = this->Open(ada, "a1").id;
  AccessToken last;
  for (int i = 0; i < kMaxAccessTokens; ++i) {
    last = make(i);
    ASSERT_THAT(tokens.Create(last, HashToken(absl::StrCat("s", i)), session), IsOk());
  }
  EXPECT_THAT(tokens.Create(make(99), HashToken("s99"), session), HasReason("TOO_MANY_TOKENS"));
  const absl::Time later = this->now_ + absl::Hours(2);
  EXPECT_EQ(tokens.List(ada.id, later)->front().id, last.id);
  const auto resolved = tokens.Resolve(HashToken("s0"), later);
  ASSERT_THAT(resolved, IsOk());
  EXPECT_EQ(resolved->token.last_use_time, HourOf(later));
  EXPECT_EQ(resolved->token.scopes, (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(resolved->account.id, ada.id);
  EXPECT_THAT(tokens.Revoke(this->MakeAccount("eve@example.org").id, last.id, later),
              HasReason("TOKEN_NOT_FOUND"));
  EXPECT_THAT(tokens.Revoke(ada.id, last.id, later), IsOk());
  EXPECT_THAT(tokens.Revoke(ada.id, last.id, later), HasReason("TOKEN_NOT_FOUND"));
  EXPECT_THAT(tokens.Create(make(99), HashToken("s99"), session), IsOk());
  const absl::Time end = this->now_ + absl::Hours(24);
  EXPECT_THAT(tokens.Resolve(HashToken("s0"), end), HasReason("CREDENTIAL_INVALID"));
  EXPECT_EQ(tokens.List(ada.id, end)->size(), 0u);
}

REGISTER_TYPED_TEST_SUITE_P(AccountContract, FindsAccountsByIdAndAddress, EnsureIsRepeatable,
                            UpdateKeepsAllOrNothing, ListsNewestFirstAndPagesByKey, LastAdminStays,
                            PasswordChangeEndsOtherSessionsAndQueuesAMail,
                            AnEndedSessionSetsNoPassword, SessionNeedsThePasswordThatStands,
                            SessionsEndIdleAndAbsolutely, OldestSessionEndsBeyondTheLimit,
                            RevokesSessions, AccessTokensAreLimitedRevokedAndExpire);

}  // namespace rostrum::account
