#pragma once

#include <string>
#include <vector>

#include "rostrum/subscription/v1/membership_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/subscription/membership_store.h"

namespace rostrum::subscription {

// The handlers of rostrum.subscription.v1.MembershipService. Thread-safe.
class MembershipService final : public v1::MembershipService::Service {
 public:
  MembershipService(MembershipStore& store, PaymentProvider& provider, std::vector<Plan> plans,
                    const PageTokens& page_tokens, Clock& clock, RpcRuntime& runtime);

  grpc::Status ListPlans(grpc::ServerContext* ctx, const v1::ListPlansRequest* request,
                         v1::ListPlansResponse* response) override;
  grpc::Status CreateCheckout(grpc::ServerContext* ctx, const v1::CreateCheckoutRequest* request,
                              v1::Checkout* response) override;
  grpc::Status GetCheckout(grpc::ServerContext* ctx, const v1::GetCheckoutRequest* request,
                           v1::Checkout* response) override;
  grpc::Status GetMembership(grpc::ServerContext* ctx, const v1::GetMembershipRequest* request,
                             v1::Membership* response) override;
  grpc::Status CancelMembership(grpc::ServerContext* ctx,
                                const v1::CancelMembershipRequest* request,
                                v1::Membership* response) override;
  grpc::Status ResumeMembership(grpc::ServerContext* ctx,
                                const v1::ResumeMembershipRequest* request,
                                v1::Membership* response) override;
  grpc::Status ListPayments(grpc::ServerContext* ctx, const v1::ListPaymentsRequest* request,
                            v1::ListPaymentsResponse* response) override;
  grpc::Status ReceiveWebhook(grpc::ServerContext* ctx, const v1::ReceiveWebhookRequest* request,
                              v1::ReceiveWebhookResponse* response) override;

 private:
  using RenewalChange = absl::StatusOr<PaymentEvent> (PaymentProvider::*)(const std::string&);
  // Makes the provider change a running membership, and returns the new state.
  // NO_MEMBERSHIP, MEMBERSHIP_ENDED.
  absl::Status ChangeRenewal(const AccountId& account_id, RenewalChange change,
                             v1::Membership* response);

  MembershipStore& store_;
  PaymentProvider& provider_;
  const std::vector<Plan> plans_;
  const PageTokens& page_tokens_;
  Clock& clock_;
  RpcMethods rpc_;
};

}  // namespace rostrum::subscription
