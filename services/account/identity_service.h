#pragma once

#include "rostrum/account/v1/identity_service.grpc.pb.h"
#include "services/account/access_token_store.h"
#include "services/account/session_store.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/identity.h"

namespace rostrum::account {

// The handlers of rostrum.account.v1.IdentityService. Thread-safe.
class IdentityService final : public v1::IdentityService::Service {
 public:
  IdentityService(SessionStore& sessions, AccessTokenStore& tokens, const IdentitySigner& signer,
                  SessionRules rules, Clock& clock, RpcRuntime& runtime);

  grpc::Status ResolveCredential(grpc::ServerContext* ctx,
                                 const v1::ResolveCredentialRequest* request,
                                 v1::Identity* response) override;
  grpc::Status CreateAccessToken(grpc::ServerContext* ctx,
                                 const v1::CreateAccessTokenRequest* request,
                                 v1::CreateAccessTokenResponse* response) override;
  grpc::Status ListAccessTokens(grpc::ServerContext* ctx,
                                const v1::ListAccessTokensRequest* request,
                                v1::ListAccessTokensResponse* response) override;
  grpc::Status RevokeAccessToken(grpc::ServerContext* ctx,
                                 const v1::RevokeAccessTokenRequest* request,
                                 v1::RevokeAccessTokenResponse* response) override;

 private:
  // Look up a session token or an access token and fill in its identity.
  absl::StatusOr<Caller> ResolveSession(const std::string& token, v1::Identity* identity);
  absl::StatusOr<Caller> ResolveAccessToken(const std::string& secret, v1::Identity* identity);

  SessionStore& sessions_;
  AccessTokenStore& tokens_;
  const IdentitySigner& signer_;
  const SessionRules rules_;
  Clock& clock_;
  RpcMethods rpc_;
};

}  // namespace rostrum::account
