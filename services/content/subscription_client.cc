#include "services/content/subscription_client.h"

#include <utility>

#include "services/common/base/status.h"

namespace rostrum::content {

GrpcSubscriptionClient::GrpcSubscriptionClient(std::shared_ptr<grpc::Channel> channel,
                                               const IdentitySigner& signer, Metrics& metrics)
    : caller_(signer, "subscription", absl::Milliseconds(1500), metrics),
      stub_(subscription::v1::AccessService::NewStub(std::move(channel))) {}

absl::StatusOr<subscription::v1::ReadingAccess> GrpcSubscriptionClient::CheckAccess(
    const subscription::v1::CheckAccessRequest& request) {
  subscription::v1::ReadingAccess access;
  RETURN_IF_ERROR(caller_.Call("CheckAccess", [&](grpc::ClientContext* ctx) {
    return stub_->CheckAccess(ctx, request, &access);
  }));
  return access;
}

}  // namespace rostrum::content
