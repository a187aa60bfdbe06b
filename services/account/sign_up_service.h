#pragma once

#include <string>

#include "rostrum/account/v1/sign_up_service.grpc.pb.h"
#include "services/account/account_keys.h"
#include "services/account/limits.h"
#include "services/account/mails.h"
#include "services/account/password_hasher.h"
#include "services/account/sign_up_store.h"
#include "services/account/subscription_client.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"

namespace rostrum::account {

struct SignUpRules {
  absl::Duration verification_lifetime = absl::Hours(24);
  SessionRules sessions;
};

// The handlers of rostrum.account.v1.SignUpService. Thread-safe.
class SignUpService final : public v1::SignUpService::Service {
 public:
  SignUpService(SignUpStore& sign_ups, SessionStore& sessions, SubscriptionClient& subscription,
                PasswordHasher& hasher, Limits& limits, const Mails& mails, const AccountKeys& keys,
                SignUpRules rules, Clock& clock, RpcRuntime& runtime);

  grpc::Status SignUp(grpc::ServerContext* ctx, const v1::SignUpRequest* request,
                      v1::SignUpResponse* response) override;
  grpc::Status ResendVerification(grpc::ServerContext* ctx,
                                  const v1::ResendVerificationRequest* request,
                                  v1::SignUpResponse* response) override;
  grpc::Status VerifySignUp(grpc::ServerContext* ctx, const v1::VerifySignUpRequest* request,
                            v1::VerifySignUpResponse* response) override;

 private:
  absl::Status CheckFields(const v1::SignUpRequest& request) const;
  absl::StatusOr<IdempotencyKey> KeyFor(const v1::SignUpRequest& request, const Caller& caller,
                                        absl::Time now) const;
  // For sign-ups that begin a trial: accepts the offer that the visitor has. Returns OK
  // while subscription is unavailable, in favour of the reader.
  absl::Status AcceptOffer(const RequestContext& context);
  // Makes a new token and code, and the mails for both cases (Verification). A code that
  // would not be taken is in no mail.
  absl::StatusOr<Verification> NewVerification(const SignUpId& id, const std::string& email,
                                               bool takes_codes, absl::Time now) const;
  // Consumes the sign-up, within the limit on wrong codes.
  absl::StatusOr<VerifiedSignUp> Verify(const RequestContext& context, const Proof& proof,
                                        const AccountId& account_id, const NewSession& session);
  void StartTrial(const VerifiedSignUp& verified, v1::VerifySignUpResponse* response);

  SignUpStore& sign_ups_;
  SessionStore& sessions_;
  SubscriptionClient& subscription_;
  PasswordHasher& hasher_;
  Limits& limits_;
  const Mails& mails_;
  const AccountKeys& keys_;
  const SignUpRules rules_;
  Clock& clock_;
  RpcMethods rpc_;
  prometheus::Counter& begun_;
  prometheus::Counter& verified_;
};

}  // namespace rostrum::account
