#pragma once

#include "rostrum/subscription/v1/membership_service.grpc.pb.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/subscription/test_payment_provider.h"

namespace rostrum::subscription {

// The handlers of rostrum.subscription.v1.TestPaymentService. Thread-safe.
class TestPaymentService final : public v1::TestPaymentService::Service {
 public:
  TestPaymentService(TestPaymentProvider& provider, RpcRuntime& runtime)
      : provider_(provider), rpc_(runtime, v1::TestPaymentService::service_full_name()) {}

  grpc::Status GetTestPayment(grpc::ServerContext* ctx, const v1::GetTestPaymentRequest* request,
                              v1::TestPayment* response) override;
  grpc::Status ApproveTestPayment(grpc::ServerContext* ctx,
                                  const v1::ApproveTestPaymentRequest* request,
                                  v1::TestPayment* response) override;
  grpc::Status DeclineTestPayment(grpc::ServerContext* ctx,
                                  const v1::DeclineTestPaymentRequest* request,
                                  v1::TestPayment* response) override;

 private:
  TestPaymentProvider& provider_;
  RpcMethods rpc_;
};

}  // namespace rostrum::subscription
