#pragma once

#include "rostrum/subscription/v1/access_service.grpc.pb.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/subscription/paywall.h"

namespace rostrum::subscription {

// The handlers of rostrum.subscription.v1.AccessService. Thread-safe.
class AccessService final : public v1::AccessService::Service {
 public:
  AccessService(Paywall& paywall, EntitlementStore& entitlements, Clock& clock, RpcRuntime& runtime)
      : paywall_(paywall),
        entitlements_(entitlements),
        clock_(clock),
        rpc_(runtime, v1::AccessService::service_full_name()) {}

  grpc::Status CheckAccess(grpc::ServerContext* ctx, const v1::CheckAccessRequest* request,
                           v1::ReadingAccess* response) override;
  grpc::Status BatchCheckVisitorAccess(grpc::ServerContext* ctx,
                                       const v1::BatchCheckVisitorAccessRequest* request,
                                       v1::BatchCheckVisitorAccessResponse* response) override;
  grpc::Status GetEntitlement(grpc::ServerContext* ctx, const v1::GetEntitlementRequest* request,
                              v1::Entitlement* response) override;
  grpc::Status ShowOffer(grpc::ServerContext* ctx, const v1::ShowOfferRequest* request,
                         v1::ReadingAccess* response) override;
  grpc::Status GetMeter(grpc::ServerContext* ctx, const v1::GetMeterRequest* request,
                        v1::ReadingAccess* response) override;

 private:
  Paywall& paywall_;
  EntitlementStore& entitlements_;
  Clock& clock_;
  RpcMethods rpc_;
};

}  // namespace rostrum::subscription
