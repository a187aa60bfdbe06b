#include "services/account/subscription_client.h"

#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::account {

GrpcSubscriptionClient::GrpcSubscriptionClient(std::shared_ptr<grpc::Channel> channel,
                                               const IdentitySigner& signer, Metrics& metrics)
    : caller_(signer, "subscription", absl::Milliseconds(2200), metrics),
      stub_(subscription::v1::TrialService::NewStub(std::move(channel))) {}

absl::Status GrpcSubscriptionClient::AcceptOffer(const VisitorPass& visitor) {
  if (visitor.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "OFFER_NOT_STARTED",
                 "there is no offer running for this visitor");
  }
  subscription::v1::AcceptOfferRequest request;
  *request.mutable_visitor() = ToProto(visitor);
  subscription::v1::Offer response;
  return caller_.Call("AcceptOffer", [&](grpc::ClientContext* ctx) {
    return stub_->AcceptOffer(ctx, request, &response);
  });
}

absl::StatusOr<subscription::v1::Trial> GrpcSubscriptionClient::StartTrial(
    const AccountId& account_id, const std::string& person_key) {
  subscription::v1::StartTrialRequest request;
  request.set_account_id(account_id.value());
  request.set_person_key(person_key);
  subscription::v1::Trial trial;
  RETURN_IF_ERROR(caller_.Call("StartTrial", [&](grpc::ClientContext* ctx) {
    return stub_->StartTrial(ctx, request, &trial);
  }));
  return trial;
}

}  // namespace rostrum::account
