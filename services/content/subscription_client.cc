#include "services/content/subscription_client.h"

#include <iterator>
#include <utility>

#include "services/common/base/status.h"

namespace rostrum::content {

GrpcSubscriptionClient::GrpcSubscriptionClient(std::shared_ptr<grpc::Channel> channel,
                                               const IdentitySigner& signer, Metrics& metrics)
    : caller_(signer, "subscription", absl::Milliseconds(2200), metrics),
      stub_(subscription::v1::AccessService::NewStub(std::move(channel))) {}

absl::StatusOr<subscription::v1::ReadingAccess> GrpcSubscriptionClient::CheckAccess(
    const subscription::v1::CheckAccessRequest& request) {
  subscription::v1::ReadingAccess access;
  RETURN_IF_ERROR(caller_.Call("CheckAccess", [&](grpc::ClientContext* ctx) {
    return stub_->CheckAccess(ctx, request, &access);
  }));
  return access;
}

absl::StatusOr<std::vector<subscription::v1::ReadingAccess>> GrpcSubscriptionClient::CheckVisitors(
    const subscription::v1::BatchCheckVisitorAccessRequest& request) {
  subscription::v1::BatchCheckVisitorAccessResponse response;
  RETURN_IF_ERROR(caller_.Call("BatchCheckVisitorAccess", [&](grpc::ClientContext* ctx) {
    return stub_->BatchCheckVisitorAccess(ctx, request, &response);
  }));
  if (response.decisions_size() != request.reads_size()) {
    return absl::InternalError("subscription decided something else");
  }
  auto& decisions = *response.mutable_decisions();
  return std::vector<subscription::v1::ReadingAccess>(std::make_move_iterator(decisions.begin()),
                                                      std::make_move_iterator(decisions.end()));
}

absl::StatusOr<subscription::v1::Entitlement> GrpcSubscriptionClient::GetEntitlement(
    const AccountId& account_id) {
  subscription::v1::GetEntitlementRequest request;
  request.set_account_id(account_id.value());
  subscription::v1::Entitlement entitlement;
  RETURN_IF_ERROR(caller_.Call("GetEntitlement", [&](grpc::ClientContext* ctx) {
    return stub_->GetEntitlement(ctx, request, &entitlement);
  }));
  return entitlement;
}

}  // namespace rostrum::content
