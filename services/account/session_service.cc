#include "services/account/session_service.h"

#include "services/account/account_proto.h"
#include "services/account/field_rules.h"
#include "services/common/base/local_path.h"
#include "services/common/base/status.h"

namespace rostrum::account {
namespace {

absl::Status LoginFailed() {
  return Error(absl::StatusCode::kUnauthenticated, "LOGIN_FAILED",
               "mail address or password is wrong");
}

const CounterFamily kLogins{"logins_total", "Logins by password, by outcome.", {"outcome"}};

}  // namespace

SessionService::SessionService(AccountStore& accounts, SessionStore& sessions,
                               OneTimeTokenStore& tokens, PasswordHasher& hasher, Limits& limits,
                               const Mails& mails, SessionRules rules, Clock& clock,
                               RpcRuntime& runtime)
    : accounts_(accounts),
      sessions_(sessions),
      tokens_(tokens),
      hasher_(hasher),
      limits_(limits),
      mails_(mails),
      rules_(rules),
      clock_(clock),
      rpc_(runtime, v1::SessionService::service_full_name()),
      logins_(runtime.metrics.Counter(kLogins, {"ok"})),
      failed_logins_(runtime.metrics.Counter(kLogins, {"failed"})) {}

absl::StatusOr<OpenedSession> SessionService::LogIn(const v1::LogInRequest& request,
                                                    const FreshSession& session) {
  ASSIGN_OR_RETURN(const std::optional<Account> account, accounts_.FindByEmail(request.email()));
  VerifiedPassword password{.hash = account.has_value() ? account->password_hash : ""};
  // One hash in any case, so that the time does not show whether the account exists.
  ASSIGN_OR_RETURN(const PasswordCheck check, hasher_.Verify(request.password(), password.hash));
  if (!account.has_value() || !check.matches) return LoginFailed();
  if (check.outdated) {
    // The right password is not refused because no stronger hash of it can be made now, nor
    // is all the time spent on it: the next login tries again.
    const ScopedBatchContext soon(RequestContext::Current().TimeLeft() / 2);
    password.new_hash = hasher_.Hash(request.password()).value_or("");
  }
  return sessions_.Open(account->id, session.stored, password);
}

grpc::Status SessionService::LogIn(grpc::ServerContext* ctx, const v1::LogInRequest* request,
                                   v1::Session* response) {
  return HandleRpc(rpc_, ctx, "LogIn", [&](const RequestContext& rc) -> absl::Status {
    FieldChecks checks;
    CheckEmail(checks, request->email(), "email");
    CheckTypedPassword(checks, request->password(), "password");
    RETURN_IF_ERROR(checks.status());
    RETURN_IF_ERROR(limits_.CheckLogin(rc, request->email()));
    const FreshSession session = MakeSession(rules_, clock_.Now());
    const absl::StatusOr<OpenedSession> opened = LogIn(*request, session);
    if (absl::IsUnauthenticated(opened.status())) failed_logins_.Increment();
    RETURN_IF_ERROR(opened);
    logins_.Increment();
    Enter(ctx, rc, session, sessions_);
    *response = ToProto(opened->session, opened->account.display_name, /*current=*/true);
    return absl::OkStatus();
  });
}

grpc::Status SessionService::LogOut(grpc::ServerContext* ctx, const v1::LogOutRequest*,
                                    v1::LogOutResponse*) {
  return HandleRpc(rpc_, ctx, "LogOut", [&](const RequestContext& rc) -> absl::Status {
    if (!rc.caller.session_id.empty()) {
      const absl::Status ended =
          sessions_.Revoke(rc.caller.account_id, rc.caller.session_id, clock_.Now());
      if (!ended.ok() && !absl::IsNotFound(ended)) return ended;
    }
    EndSession(ctx);
    return absl::OkStatus();
  });
}

grpc::Status SessionService::ListSessions(grpc::ServerContext* ctx, const v1::ListSessionsRequest*,
                                          v1::ListSessionsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListSessions", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<Session> sessions,
                     sessions_.List(rc.caller.account_id, rules_.idle, clock_.Now()));
    for (const Session& session : sessions) {
      *response->add_sessions() =
          ToProto(session, rc.caller.display_name, session.id == rc.caller.session_id);
    }
    return absl::OkStatus();
  });
}

grpc::Status SessionService::RevokeSession(grpc::ServerContext* ctx,
                                           const v1::RevokeSessionRequest* request,
                                           v1::RevokeSessionResponse*) {
  return HandleRpc(rpc_, ctx, "RevokeSession", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const SessionId id, ParseId<SessionId>(request->session_id(), "session_id"));
    RETURN_IF_ERROR(sessions_.Revoke(rc.caller.account_id, id, clock_.Now()));
    if (id == rc.caller.session_id) EndSession(ctx);
    return absl::OkStatus();
  });
}

grpc::Status SessionService::RevokeOtherSessions(grpc::ServerContext* ctx,
                                                 const v1::RevokeOtherSessionsRequest*,
                                                 v1::RevokeOtherSessionsResponse* response) {
  return HandleRpc(rpc_, ctx, "RevokeOtherSessions", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const int revoked, sessions_.RevokeOthers(rc.caller.account_id,
                                                               rc.caller.session_id, clock_.Now()));
    response->set_revoked_count(revoked);
    return absl::OkStatus();
  });
}

absl::Status SessionService::SendLink(const RequestContext& context, TokenPurpose purpose,
                                      const std::string& email, const std::string& return_path) {
  FieldChecks checks;
  CheckEmail(checks, email, "email");
  CheckReturnPath(checks, return_path, "return_path");
  RETURN_IF_ERROR(checks.status());
  RETURN_IF_ERROR(limits_.CheckMail(context, email));
  const std::string token = NewToken();
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(Mail mail, purpose == TokenPurpose::kLogin ? mails_.LoginLink(email, token)
                                                              : mails_.PasswordReset(email, token));
  return tokens_.Issue({.purpose = purpose,
                        .token_hash = HashToken(token),
                        .email = email,
                        .return_path = return_path,
                        .mail = std::move(mail),
                        .create_time = now,
                        .expire_time = now + kOneTimeTokenLifetime});
}

grpc::Status SessionService::RequestLoginLink(grpc::ServerContext* ctx,
                                              const v1::RequestLoginLinkRequest* request,
                                              v1::RequestLoginLinkResponse*) {
  return HandleRpc(rpc_, ctx, "RequestLoginLink", [&](const RequestContext& rc) {
    return SendLink(rc, TokenPurpose::kLogin, request->email(), request->return_path());
  });
}

grpc::Status SessionService::RedeemLoginLink(grpc::ServerContext* ctx,
                                             const v1::RedeemLoginLinkRequest* request,
                                             v1::RedeemLoginLinkResponse* response) {
  return HandleRpc(rpc_, ctx, "RedeemLoginLink", [&](const RequestContext& rc) -> absl::Status {
    const FreshSession session = MakeSession(rules_, clock_.Now());
    ASSIGN_OR_RETURN(const RedeemedLogin redeemed,
                     tokens_.RedeemLogin(HashToken(request->token()), session.stored));
    Enter(ctx, rc, session, sessions_);
    *response->mutable_session() =
        ToProto(redeemed.opened.session, redeemed.opened.account.display_name, /*current=*/true);
    response->set_return_path(redeemed.return_path);
    return absl::OkStatus();
  });
}

grpc::Status SessionService::RequestPasswordReset(grpc::ServerContext* ctx,
                                                  const v1::RequestPasswordResetRequest* request,
                                                  v1::RequestPasswordResetResponse*) {
  return HandleRpc(rpc_, ctx, "RequestPasswordReset", [&](const RequestContext& rc) {
    return SendLink(rc, TokenPurpose::kReset, request->email(), "");
  });
}

grpc::Status SessionService::ResetPassword(grpc::ServerContext* ctx,
                                           const v1::ResetPasswordRequest* request,
                                           v1::ResetPasswordResponse*) {
  return HandleRpc(rpc_, ctx, "ResetPassword", [&](const RequestContext&) -> absl::Status {
    const std::string token_hash = HashToken(request->token());
    ASSIGN_OR_RETURN(const Account account, tokens_.FindForReset(token_hash, clock_.Now()));
    FieldChecks checks;
    CheckNewPassword(checks, request->new_password(),
                     {account.display_name, account.email, mails_.site_name()}, "new_password");
    RETURN_IF_ERROR(checks.status());
    ASSIGN_OR_RETURN(const std::string hash, hasher_.Hash(request->new_password()));
    ASSIGN_OR_RETURN(const Mail mail, mails_.PasswordWasReset(account.email));
    return tokens_.ResetPassword(token_hash, hash, mail, clock_.Now());
  });
}

}  // namespace rostrum::account
