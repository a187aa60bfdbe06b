#include "services/feed/subscription_client.h"

#include <utility>

#include "services/common/base/status.h"

namespace rostrum::feed {

GrpcSubscriptionClient::GrpcSubscriptionClient(std::shared_ptr<grpc::Channel> channel,
                                               const IdentitySigner& signer, Metrics& metrics)
    // Two tries fit into the first try of comment, which asks feed whether an account may enter a
    // room.
    : caller_(signer, "subscription", absl::Milliseconds(1500), metrics),
      stub_(subscription::v1::AccessService::NewStub(std::move(channel))) {}

absl::StatusOr<bool> GrpcSubscriptionClient::IsMember(const AccountId& account_id) {
  subscription::v1::GetEntitlementRequest request;
  request.set_account_id(account_id.value());
  subscription::v1::Entitlement entitlement;
  RETURN_IF_ERROR(caller_.Call("GetEntitlement", [&](grpc::ClientContext* ctx) {
    return stub_->GetEntitlement(ctx, request, &entitlement);
  }));
  return entitlement.entitled();
}

}  // namespace rostrum::feed
