#pragma once

#include "rostrum/account/v1/account_service.grpc.pb.h"
#include "services/account/account_keys.h"
#include "services/account/account_store.h"
#include "services/account/limits.h"
#include "services/account/mails.h"
#include "services/account/password_hasher.h"
#include "services/account/subscription_client.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"

namespace rostrum::account {

// The handlers of rostrum.account.v1.AccountService. Thread-safe.
class AccountService final : public v1::AccountService::Service {
 public:
  AccountService(AccountStore& accounts, SubscriptionClient& subscription, PasswordHasher& hasher,
                 Limits& limits, const Mails& mails, const AccountKeys& keys,
                 const PageTokens& page_tokens, Clock& clock, RpcRuntime& runtime);

  grpc::Status GetAccount(grpc::ServerContext* ctx, const v1::GetAccountRequest* request,
                          v1::Account* response) override;
  grpc::Status UpdateAccount(grpc::ServerContext* ctx, const v1::UpdateAccountRequest* request,
                             v1::Account* response) override;
  grpc::Status ChangePassword(grpc::ServerContext* ctx, const v1::ChangePasswordRequest* request,
                              v1::ChangePasswordResponse* response) override;
  grpc::Status StartTrial(grpc::ServerContext* ctx, const v1::StartTrialRequest* request,
                          subscription::v1::Trial* response) override;
  grpc::Status GetProfile(grpc::ServerContext* ctx, const v1::GetProfileRequest* request,
                          v1::Profile* response) override;
  grpc::Status BatchGetProfiles(grpc::ServerContext* ctx,
                                const v1::BatchGetProfilesRequest* request,
                                v1::BatchGetProfilesResponse* response) override;
  grpc::Status SetRoles(grpc::ServerContext* ctx, const v1::SetRolesRequest* request,
                        v1::Account* response) override;
  grpc::Status ListAccounts(grpc::ServerContext* ctx, const v1::ListAccountsRequest* request,
                            v1::ListAccountsResponse* response) override;

 private:
  // Sets the password if `current` is the present one.
  absl::Status ChangePassword(const Account& account, const std::string& current,
                              const std::string& wanted, const SessionId& keep_session);

  AccountStore& accounts_;
  SubscriptionClient& subscription_;
  PasswordHasher& hasher_;
  Limits& limits_;
  const Mails& mails_;
  const AccountKeys& keys_;
  const PageTokens& page_tokens_;
  Clock& clock_;
  RpcMethods rpc_;
};

}  // namespace rostrum::account
