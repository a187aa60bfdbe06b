#include "absl/strings/match.h"
#include "services/common/rpc/proto_time.h"
#include "tests/services/account/account_harness.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class IdentityServiceTest : public AccountServiceFixture {
 protected:
  absl::StatusOr<v1::CreateAccessTokenResponse> Create(const Member& member,
                                                       const std::vector<std::string>& scopes,
                                                       int days = 30,
                                                       const std::string& name = "laptop") {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::CreateAccessTokenRequest request;
    request.set_display_name(name);
    for (const std::string& scope : scopes) request.add_scopes(scope);
    request.set_lifetime_days(days);
    v1::CreateAccessTokenResponse response;
    RETURN_IF_ERROR(FromGrpcStatus(h_.identities->CreateAccessToken(&ctx, request, &response)));
    return response;
  }
  v1::ListAccessTokensResponse List(const Member& member) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::ListAccessTokensResponse response;
    EXPECT_THAT(h_.identities->ListAccessTokens(&ctx, {}, &response), IsOk());
    return response;
  }
  absl::Status Revoke(const Member& member, const std::string& token_id) {
    grpc::ClientContext ctx;
    h_.As(ctx, member);
    v1::RevokeAccessTokenRequest request;
    request.set_token_id(token_id);
    v1::RevokeAccessTokenResponse response;
    return FromGrpcStatus(h_.identities->RevokeAccessToken(&ctx, request, &response));
  }
  absl::StatusOr<Caller> Verify(const v1::Identity& identity, const std::string& audience) {
    IdentityVerifier verifier(audience, h_.server.keyring(), h_.clock());
    return verifier.Verify(identity.tokens().at(audience));
  }
};

TEST_F(IdentityServiceTest, SessionGivesAnIdentityForEachService) {
  const Member member = h_.MakeMember("ada@example.org");
  stores_.data.accounts.at(member.account_id).roles = {"author", "editor"};
  const auto identity = h_.Resolve(member.token);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(FromProtoTime(identity->expire_time()), h_.clock().Now() + kIdentityLifetime);
  EXPECT_EQ(identity->tokens().size(), 5u);
  for (const char* audience : {"account", "subscription", "content", "feed", "comment"}) {
    const auto caller = Verify(*identity, audience);
    ASSERT_THAT(caller, IsOk()) << audience;
    EXPECT_EQ(caller->account_id, member.account_id);
    EXPECT_EQ(caller->session_id, member.session_id);
    EXPECT_TRUE(caller->has_all_scopes);
    EXPECT_THAT(caller->roles, ElementsAre("author", "editor"));
  }
  IdentityVerifier elsewhere("content", h_.server.keyring(), h_.clock());
  EXPECT_THAT(elsewhere.Verify(identity->tokens().at("feed")),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(IdentityServiceTest, UnknownCredentialsAreInvalid) {
  for (const std::string& credential :
       {std::string(), std::string("rst_"), NewToken(), "rst_" + NewToken(), std::string("a\0b", 3),
        std::string(10'000, 'x')}) {
    EXPECT_THAT(h_.Resolve(credential), AllOf(StatusIs(absl::StatusCode::kUnauthenticated),
                                              HasReason("CREDENTIAL_INVALID")));
  }
}

TEST_F(IdentityServiceTest, SessionsEndWhenIdleAndAtLast) {
  const Member idle = h_.MakeMember("idle@example.org");
  const Member busy = h_.MakeMember("busy@example.org");
  for (int day = 0; day < 89; ++day) {
    h_.clock().Advance(absl::Hours(24));
    EXPECT_THAT(h_.Resolve(busy.token), IsOk()) << day;
    if (day == 30) {
      EXPECT_THAT(h_.Resolve(idle.token), HasReason("CREDENTIAL_INVALID"));
    }
  }
  h_.clock().Advance(absl::Hours(24));
  EXPECT_THAT(h_.Resolve(busy.token), HasReason("CREDENTIAL_INVALID"));
}

TEST_F(IdentityServiceTest, AccessTokenCarriesItsScopesOnly) {
  const Member member = h_.MakeMember("ada@example.org");
  const auto created = Create(member, {"read", "read"});
  ASSERT_THAT(created, IsOk());
  EXPECT_TRUE(absl::StartsWith(created->secret(), "rst_"));
  EXPECT_THAT(created->access_token().scopes(), ElementsAre("read"));
  EXPECT_FALSE(created->access_token().has_last_use_time());
  const auto identity = h_.Resolve(created->secret());
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->token_id(), created->access_token().token_id());
  EXPECT_EQ(identity->session_id(), "");
  const auto caller = Verify(*identity, "comment");
  ASSERT_THAT(caller, IsOk());
  EXPECT_FALSE(caller->has_all_scopes);
  EXPECT_THAT(caller->scopes, ElementsAre("read"));
  const v1::ListAccessTokensResponse list = List(member);
  ASSERT_EQ(list.access_tokens_size(), 1);
  EXPECT_TRUE(list.access_tokens(0).has_last_use_time());
  EXPECT_THAT(list.SerializeAsString(), Not(HasSubstr(created->secret().substr(4))));
}

TEST_F(IdentityServiceTest, AccessTokenMakesNoOtherCredential) {
  const Member member = h_.MakeMember("ada@example.org");
  grpc::ClientContext ctx;
  h_.server.AsAccount(ctx, member.account_id, {}, {"read", "write"});
  v1::CreateAccessTokenRequest request;
  v1::CreateAccessTokenResponse response;
  EXPECT_THAT(h_.identities->CreateAccessToken(&ctx, request, &response),
              HasReason("SCOPE_REQUIRED"));
}

TEST_F(IdentityServiceTest, AccessTokensExpire) {
  const Member member = h_.MakeMember("ada@example.org");
  const auto created = Create(member, {"write"}, 2);
  ASSERT_THAT(created, IsOk());
  h_.clock().Advance(absl::Hours(48) - absl::Seconds(1));
  EXPECT_THAT(h_.Resolve(created->secret()), IsOk());
  h_.clock().Advance(absl::Seconds(1));
  EXPECT_THAT(h_.Resolve(created->secret()), HasReason("CREDENTIAL_INVALID"));
}

TEST_F(IdentityServiceTest, RevokesOwnAccessTokensOnly) {
  const Member ada = h_.MakeMember("ada@example.org");
  const Member eve = h_.MakeMember("eve@example.org");
  const auto created = Create(ada, {"read"});
  ASSERT_THAT(created, IsOk());
  EXPECT_THAT(Revoke(eve, created->access_token().token_id()),
              StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(Revoke(ada, created->access_token().token_id()), IsOk());
  EXPECT_THAT(h_.Resolve(created->secret()), HasReason("CREDENTIAL_INVALID"));
  EXPECT_THAT(Revoke(ada, created->access_token().token_id()),
              StatusIs(absl::StatusCode::kNotFound));
  ASSERT_FALSE(stores_.data.revoked.empty());
  EXPECT_THAT(stores_.data.revoked.back().token_ids,
              ElementsAre(created->access_token().token_id()));
}

TEST_F(IdentityServiceTest, AccessTokenFieldsAndNumberAreLimited) {
  const Member member = h_.MakeMember("ada@example.org");
  EXPECT_THAT(Create(member, {}), HasViolation("scopes"));
  EXPECT_THAT(Create(member, {"admin"}), HasViolation("scopes"));
  EXPECT_THAT(Create(member, {"read"}, 0), HasViolation("lifetime_days"));
  EXPECT_THAT(Create(member, {"read"}, 367), HasViolation("lifetime_days"));
  EXPECT_THAT(Create(member, {"read"}, 1, ""), HasViolation("display_name"));
  EXPECT_THAT(Create(member, {"read"}, 1, "a\r\nb"), HasViolation("display_name"));
  for (int i = 0; i < kMaxAccessTokens; ++i) ASSERT_THAT(Create(member, {"read"}), IsOk());
  EXPECT_THAT(Create(member, {"read"}),
              AllOf(StatusIs(absl::StatusCode::kFailedPrecondition), HasReason("TOO_MANY_TOKENS")));
}

}  // namespace
}  // namespace rostrum::account
