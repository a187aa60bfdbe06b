#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "rostrum/subscription/v1/trial_service.grpc.pb.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::account {

// The calls of this service to subscription. Thread-safe. Timeouts are short, because a
// reader waits.
class SubscriptionClient {
 public:
  virtual ~SubscriptionClient() = default;
  // Accepts the offer that was made to the visitor. The pass is passed on and not stored.
  // FAILED_PRECONDITION / OFFER_EXPIRED or OFFER_NOT_STARTED (also for an empty pass),
  // UNAVAILABLE, DEADLINE_EXCEEDED.
  virtual absl::Status AcceptOffer(const VisitorPass& visitor) = 0;
  // FAILED_PRECONDITION / TRIAL_USED, UNAVAILABLE, DEADLINE_EXCEEDED.
  virtual absl::StatusOr<subscription::v1::Trial> StartTrial(const AccountId& account_id,
                                                             const std::string& person_key) = 0;
};

class GrpcSubscriptionClient final : public SubscriptionClient {
 public:
  GrpcSubscriptionClient(std::shared_ptr<grpc::Channel> channel, const IdentitySigner& signer,
                         Metrics& metrics);
  absl::Status AcceptOffer(const VisitorPass& visitor) override;
  absl::StatusOr<subscription::v1::Trial> StartTrial(const AccountId& account_id,
                                                     const std::string& person_key) override;

 private:
  ServiceCaller caller_;
  std::unique_ptr<subscription::v1::TrialService::Stub> stub_;
};

}  // namespace rostrum::account
