#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "rostrum/subscription/v1/access_service.grpc.pb.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/channel.h"

namespace rostrum::feed {

// The calls of this service to subscription. Thread-safe.
class SubscriptionClient {
 public:
  virtual ~SubscriptionClient() = default;
  // Whether the account has a running trial or membership. UNAVAILABLE or DEADLINE_EXCEEDED
  // while subscription is unavailable.
  virtual absl::StatusOr<bool> IsMember(const AccountId& account_id) = 0;
};

class GrpcSubscriptionClient final : public SubscriptionClient {
 public:
  GrpcSubscriptionClient(std::shared_ptr<grpc::Channel> channel, const IdentitySigner& signer,
                         Metrics& metrics);
  absl::StatusOr<bool> IsMember(const AccountId& account_id) override;

 private:
  ServiceCaller caller_;
  std::unique_ptr<subscription::v1::AccessService::Stub> stub_;
};

}  // namespace rostrum::feed
