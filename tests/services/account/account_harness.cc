#include "tests/services/account/account_harness.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/common/rpc/grpc_status.h"
#include "tests/support/status_matchers.h"

namespace rostrum::account {

std::string Readable(const std::string& mail_bytes) {
  const std::string joined = absl::StrReplaceAll(mail_bytes, {{"=\r\n", ""}});
  std::string out;
  for (size_t i = 0; i < joined.size(); ++i) {
    int value = 0;
    if (joined[i] == '=' && i + 2 < joined.size() &&
        absl::SimpleHexAtoi(joined.substr(i + 1, 2), &value)) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += joined[i];
    }
  }
  return out;
}

std::string TokenIn(const Mail& mail) {
  const std::string text = Readable(mail.bytes);
  const size_t begin = text.find("token=");
  EXPECT_NE(begin, std::string::npos) << text;
  if (begin == std::string::npos) return "";
  return text.substr(begin + 6, 43);
}

std::string CodeIn(const Mail& mail) {
  const std::string text = Readable(mail.bytes);
  const size_t begin = text.find("code: ");
  EXPECT_NE(begin, std::string::npos) << text;
  if (begin == std::string::npos) return "";
  return text.substr(begin + 6, 6);
}

AccountHarness::AccountHarness(StoreRefs refs, const HarnessOptions& options)
    : stores(refs),
      limits(throttle, keys, options.limits),
      hasher(options.password, server.metrics()),
      account_service(stores.accounts, subscription, hasher, limits, mails, keys, page_tokens,
                      server.clock(), server.runtime()),
      sign_up_service(stores.sign_ups, stores.sessions, subscription, hasher, limits, mails, keys,
                      {}, server.clock(), server.runtime()),
      session_service(stores.accounts, stores.sessions, stores.one_time_tokens, hasher, limits,
                      mails, {}, server.clock(), server.runtime()),
      identity_service(stores.sessions, stores.access_tokens, server.signer("account"), {},
                       server.clock(), server.runtime()) {
  server.Serve({&account_service, &sign_up_service, &session_service, &identity_service});
  accounts = v1::AccountService::NewStub(server.channel());
  sign_ups = v1::SignUpService::NewStub(server.channel());
  sessions = v1::SessionService::NewStub(server.channel());
  identities = v1::IdentityService::NewStub(server.channel());
}

std::vector<Mail> AccountHarness::TakeMails() {
  std::vector<Mail> mails;
  const auto claimed = stores.mails.Claim(clock().Now(), absl::Hours(1), 1000);
  EXPECT_THAT(claimed, IsOk());
  if (!claimed.ok()) return mails;
  for (const ClaimedMail& mail : *claimed) {
    mails.push_back(mail.mail);
    EXPECT_THAT(stores.mails.Finish(mail.mail.id, MailOutcome::kDelivered, clock().Now()), IsOk());
  }
  std::sort(mails.begin(), mails.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return mails;
}

Mail AccountHarness::TakeMail() {
  const std::vector<Mail> mails = TakeMails();
  EXPECT_EQ(mails.size(), 1u);
  return mails.empty() ? Mail{} : mails.back();
}

v1::SignUpRequest AccountHarness::SignUpRequest(const std::string& email) const {
  v1::SignUpRequest request;
  request.set_display_name("Ada");
  request.set_email(email);
  request.set_intent(v1::SIGN_UP_INTENT_ACCOUNT);
  return request;
}

absl::StatusOr<v1::SignUpResponse> AccountHarness::SignUp(const v1::SignUpRequest& request,
                                                          const VisitorPass& visitor) {
  grpc::ClientContext ctx;
  server.AsAnonymous(ctx);
  if (!visitor.empty()) GrpcTestServer::WithVisitor(ctx, visitor);
  v1::SignUpResponse response;
  RETURN_IF_ERROR(FromGrpcStatus(sign_ups->SignUp(&ctx, request, &response)));
  absl::MutexLock lock(&mu_);
  begun_ = response.sign_up_id();
  return response;
}

absl::StatusOr<v1::VerifySignUpResponse> AccountHarness::VerifyToken(const std::string& token,
                                                                     std::string* session_token) {
  grpc::ClientContext ctx;
  server.AsAnonymous(ctx);
  v1::VerifySignUpRequest request;
  request.set_token(token);
  {
    absl::MutexLock lock(&mu_);
    request.set_sign_up_id(begun_);
  }
  v1::VerifySignUpResponse response;
  RETURN_IF_ERROR(FromGrpcStatus(sign_ups->VerifySignUp(&ctx, request, &response)));
  if (session_token != nullptr) {
    *session_token = GrpcTestServer::Answered(ctx, kSetSessionKey).value_or("");
  }
  return response;
}

absl::StatusOr<v1::VerifySignUpResponse> AccountHarness::VerifyCode(const std::string& sign_up_id,
                                                                    const std::string& code) {
  grpc::ClientContext ctx;
  server.AsAnonymous(ctx);
  v1::VerifySignUpRequest request;
  request.set_sign_up_id(sign_up_id);
  request.set_code(code);
  v1::VerifySignUpResponse response;
  RETURN_IF_ERROR(FromGrpcStatus(sign_ups->VerifySignUp(&ctx, request, &response)));
  return response;
}

absl::StatusOr<v1::Session> AccountHarness::LogIn(const std::string& email,
                                                  const std::string& password,
                                                  std::string* session_token) {
  grpc::ClientContext ctx;
  server.AsAnonymous(ctx);
  v1::LogInRequest request;
  request.set_email(email);
  request.set_password(password);
  v1::Session response;
  RETURN_IF_ERROR(FromGrpcStatus(sessions->LogIn(&ctx, request, &response)));
  if (session_token != nullptr) {
    *session_token = GrpcTestServer::Answered(ctx, kSetSessionKey).value_or("");
  }
  return response;
}

absl::StatusOr<v1::Identity> AccountHarness::Resolve(const std::string& credential) {
  grpc::ClientContext ctx;
  server.AsAnonymous(ctx);
  v1::ResolveCredentialRequest request;
  request.set_credential(credential);
  v1::Identity response;
  RETURN_IF_ERROR(FromGrpcStatus(identities->ResolveCredential(&ctx, request, &response)));
  return response;
}

absl::Status AccountHarness::ResetPassword(const std::string& token, const std::string& password) {
  grpc::ClientContext ctx;
  server.AsAnonymous(ctx);
  v1::ResetPasswordRequest request;
  request.set_token(token);
  request.set_new_password(password);
  v1::ResetPasswordResponse response;
  return FromGrpcStatus(sessions->ResetPassword(&ctx, request, &response));
}

Member AccountHarness::MakeMember(const std::string& email, const std::string& password) {
  v1::SignUpRequest request = SignUpRequest(email);
  request.set_password(password);
  EXPECT_THAT(SignUp(request), IsOk());
  Member member{.email = email};
  const auto verified = VerifyToken(TokenIn(TakeMail()), &member.token);
  EXPECT_THAT(verified, IsOk());
  if (!verified.ok()) return member;
  member.account_id = AccountId(verified->session().account_id());
  member.session_id = SessionId(verified->session().session_id());
  return member;
}

void AccountHarness::As(grpc::ClientContext& ctx, const Member& member,
                        const std::set<std::string>& roles) const {
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = member.account_id;
  caller.session_id = member.session_id;
  caller.display_name = "Ada";
  caller.roles = roles;
  caller.has_all_scopes = true;
  server.AsCaller(ctx, caller);
}

}  // namespace rostrum::account
