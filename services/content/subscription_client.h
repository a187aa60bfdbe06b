#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "rostrum/subscription/v1/access_service.grpc.pb.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/channel.h"

namespace rostrum::content {

// The calls of this service to subscription. Thread-safe.
class SubscriptionClient {
 public:
  virtual ~SubscriptionClient() = default;
  // UNAVAILABLE or DEADLINE_EXCEEDED while subscription is unavailable.
  virtual absl::StatusOr<subscription::v1::ReadingAccess> CheckAccess(
      const subscription::v1::CheckAccessRequest& request) = 0;
  // The same for many visitors; the answers are in the order of the questions.
  virtual absl::StatusOr<std::vector<subscription::v1::ReadingAccess>> CheckVisitors(
      const subscription::v1::BatchCheckVisitorAccessRequest& request) = 0;
  // What an account is entitled to.
  virtual absl::StatusOr<subscription::v1::Entitlement> GetEntitlement(
      const AccountId& account_id) = 0;
};

class GrpcSubscriptionClient final : public SubscriptionClient {
 public:
  GrpcSubscriptionClient(std::shared_ptr<grpc::Channel> channel, const IdentitySigner& signer,
                         Metrics& metrics);
  absl::StatusOr<subscription::v1::ReadingAccess> CheckAccess(
      const subscription::v1::CheckAccessRequest& request) override;
  absl::StatusOr<std::vector<subscription::v1::ReadingAccess>> CheckVisitors(
      const subscription::v1::BatchCheckVisitorAccessRequest& request) override;
  absl::StatusOr<subscription::v1::Entitlement> GetEntitlement(
      const AccountId& account_id) override;

 private:
  ServiceCaller caller_;
  std::unique_ptr<subscription::v1::AccessService::Stub> stub_;
};

}  // namespace rostrum::content
