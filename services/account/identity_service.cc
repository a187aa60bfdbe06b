#include "services/account/identity_service.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/account/account_keys.h"
#include "services/account/account_proto.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::account {
namespace {

// The services that clients may call with an account's identity.
constexpr std::array<const char*, 5> kAudiences = {"account", "subscription", "content", "feed",
                                                   "comment"};
constexpr int kMaxLifetimeDays = 366;

Caller CallerOf(const Account& account) {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = account.id;
  caller.display_name = account.display_name;
  caller.roles = {account.roles.begin(), account.roles.end()};
  return caller;
}

absl::Status CheckFields(const v1::CreateAccessTokenRequest& request) {
  FieldChecks checks;
  checks.RequireText(request.display_name(), "display_name", kMaxNameCharacters);
  const bool scopes_known =
      std::all_of(request.scopes().begin(), request.scopes().end(),
                  [](const std::string& scope) { return scope == "read" || scope == "write"; });
  checks.Require(!request.scopes().empty(), "scopes", "REQUIRED", "must name at least one");
  checks.Require(scopes_known, "scopes", "UNKNOWN_SCOPE", "must be of read, write");
  checks.Require(request.lifetime_days() >= 1 && request.lifetime_days() <= kMaxLifetimeDays,
                 "lifetime_days", "OUT_OF_RANGE", "must be 1 to 366");
  return checks.status();
}

}  // namespace

IdentityService::IdentityService(SessionStore& sessions, AccessTokenStore& tokens,
                                 const IdentitySigner& signer, SessionRules rules, Clock& clock,
                                 RpcRuntime& runtime)
    : sessions_(sessions),
      tokens_(tokens),
      signer_(signer),
      rules_(rules),
      clock_(clock),
      rpc_(runtime, v1::IdentityService::service_full_name()) {}

absl::StatusOr<Caller> IdentityService::ResolveSession(const std::string& token,
                                                       v1::Identity* identity) {
  ASSIGN_OR_RETURN(const OpenedSession opened,
                   sessions_.Resolve(HashToken(token), rules_.idle, clock_.Now()));
  Caller caller = CallerOf(opened.account);
  caller.session_id = opened.session.id;
  caller.has_all_scopes = true;
  identity->set_session_id(opened.session.id.value());
  return caller;
}

absl::StatusOr<Caller> IdentityService::ResolveAccessToken(const std::string& secret,
                                                           v1::Identity* identity) {
  ASSIGN_OR_RETURN(const ResolvedToken resolved, tokens_.Resolve(HashToken(secret), clock_.Now()));
  Caller caller = CallerOf(resolved.account);
  caller.scopes = {resolved.token.scopes.begin(), resolved.token.scopes.end()};
  identity->set_token_id(resolved.token.id.value());
  return caller;
}

grpc::Status IdentityService::ResolveCredential(grpc::ServerContext* ctx,
                                                const v1::ResolveCredentialRequest* request,
                                                v1::Identity* response) {
  return HandleRpc(rpc_, ctx, "ResolveCredential", [&](const RequestContext&) -> absl::Status {
    const std::string& credential = request->credential();
    ASSIGN_OR_RETURN(const Caller caller, absl::StartsWith(credential, kAccessTokenPrefix)
                                              ? ResolveAccessToken(credential, response)
                                              : ResolveSession(credential, response));
    response->set_account_id(caller.account_id.value());
    response->set_display_name(caller.display_name);
    for (const std::string& role : caller.roles) response->add_roles(role);
    for (const char* audience : kAudiences) {
      (*response->mutable_tokens())[audience] = signer_.Sign(caller, audience);
    }
    *response->mutable_expire_time() = ToProtoTime(clock_.Now() + kIdentityLifetime);
    return absl::OkStatus();
  });
}

grpc::Status IdentityService::CreateAccessToken(grpc::ServerContext* ctx,
                                                const v1::CreateAccessTokenRequest* request,
                                                v1::CreateAccessTokenResponse* response) {
  return HandleRpc(rpc_, ctx, "CreateAccessToken", [&](const RequestContext& rc) -> absl::Status {
    RETURN_IF_ERROR(CheckFields(*request));
    const absl::Time now = clock_.Now();
    const std::set<std::string> scopes(request->scopes().begin(), request->scopes().end());
    const AccessToken token{.id = TokenId(NewUuid(now)),
                            .account_id = rc.caller.account_id,
                            .display_name = request->display_name(),
                            .scopes = {scopes.begin(), scopes.end()},
                            .create_time = now,
                            .expire_time = now + request->lifetime_days() * absl::Hours(24)};
    const std::string secret = absl::StrCat(kAccessTokenPrefix, NewToken());
    RETURN_IF_ERROR(tokens_.Create(token, HashToken(secret), rc.caller.session_id));
    *response->mutable_access_token() = ToProto(token);
    response->set_secret(secret);
    return absl::OkStatus();
  });
}

grpc::Status IdentityService::ListAccessTokens(grpc::ServerContext* ctx,
                                               const v1::ListAccessTokensRequest*,
                                               v1::ListAccessTokensResponse* response) {
  return HandleRpc(rpc_, ctx, "ListAccessTokens", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<AccessToken> tokens,
                     tokens_.List(rc.caller.account_id, clock_.Now()));
    for (const AccessToken& token : tokens) *response->add_access_tokens() = ToProto(token);
    return absl::OkStatus();
  });
}

grpc::Status IdentityService::RevokeAccessToken(grpc::ServerContext* ctx,
                                                const v1::RevokeAccessTokenRequest* request,
                                                v1::RevokeAccessTokenResponse*) {
  return HandleRpc(rpc_, ctx, "RevokeAccessToken", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const TokenId id, ParseId<TokenId>(request->token_id(), "token_id"));
    return tokens_.Revoke(rc.caller.account_id, id, clock_.Now());
  });
}

}  // namespace rostrum::account
