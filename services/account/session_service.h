#pragma once

#include "rostrum/account/v1/session_service.grpc.pb.h"
#include "services/account/account_store.h"
#include "services/account/fresh_session.h"
#include "services/account/limits.h"
#include "services/account/mails.h"
#include "services/account/one_time_token_store.h"
#include "services/account/password_hasher.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"

namespace rostrum::account {

// The handlers of rostrum.account.v1.SessionService. Thread-safe.
class SessionService final : public v1::SessionService::Service {
 public:
  SessionService(AccountStore& accounts, SessionStore& sessions, OneTimeTokenStore& tokens,
                 PasswordHasher& hasher, Limits& limits, const Mails& mails, SessionRules rules,
                 Clock& clock, RpcRuntime& runtime);

  grpc::Status LogIn(grpc::ServerContext* ctx, const v1::LogInRequest* request,
                     v1::Session* response) override;
  grpc::Status LogOut(grpc::ServerContext* ctx, const v1::LogOutRequest* request,
                      v1::LogOutResponse* response) override;
  grpc::Status ListSessions(grpc::ServerContext* ctx, const v1::ListSessionsRequest* request,
                            v1::ListSessionsResponse* response) override;
  grpc::Status RevokeSession(grpc::ServerContext* ctx, const v1::RevokeSessionRequest* request,
                             v1::RevokeSessionResponse* response) override;
  grpc::Status RevokeOtherSessions(grpc::ServerContext* ctx,
                                   const v1::RevokeOtherSessionsRequest* request,
                                   v1::RevokeOtherSessionsResponse* response) override;
  grpc::Status RequestLoginLink(grpc::ServerContext* ctx,
                                const v1::RequestLoginLinkRequest* request,
                                v1::RequestLoginLinkResponse* response) override;
  grpc::Status RedeemLoginLink(grpc::ServerContext* ctx, const v1::RedeemLoginLinkRequest* request,
                               v1::RedeemLoginLinkResponse* response) override;
  grpc::Status RequestPasswordReset(grpc::ServerContext* ctx,
                                    const v1::RequestPasswordResetRequest* request,
                                    v1::RequestPasswordResetResponse* response) override;
  grpc::Status ResetPassword(grpc::ServerContext* ctx, const v1::ResetPasswordRequest* request,
                             v1::ResetPasswordResponse* response) override;

 private:
  absl::StatusOr<OpenedSession> LogIn(const v1::LogInRequest& request, const FreshSession& session);
  // Mails a link for `purpose` to the address, if it has an account.
  absl::Status SendLink(const RequestContext& context, TokenPurpose purpose,
                        const std::string& email, const std::string& return_path);

  AccountStore& accounts_;
  SessionStore& sessions_;
  OneTimeTokenStore& tokens_;
  PasswordHasher& hasher_;
  Limits& limits_;
  const Mails& mails_;
  const SessionRules rules_;
  Clock& clock_;
  RpcMethods rpc_;
  prometheus::Counter& logins_;
  prometheus::Counter& failed_logins_;
};

}  // namespace rostrum::account
