#pragma once

#include "rostrum/subscription/v1/trial_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/subscription/offer_book.h"
#include "services/subscription/trial_countdown.h"
#include "services/subscription/trial_store.h"

namespace rostrum::subscription {

// The handlers of rostrum.subscription.v1.TrialService. Thread-safe.
class TrialService final : public v1::TrialService::Service {
 public:
  TrialService(TrialStore& trials, OfferBook& offers, TrialCountdown& countdown,
               const OfferSettings& offer_settings, absl::Duration trial_duration, Clock& clock,
               RpcRuntime& runtime);

  grpc::Status AcceptOffer(grpc::ServerContext* ctx, const v1::AcceptOfferRequest* request,
                           v1::Offer* response) override;
  grpc::Status StartTrial(grpc::ServerContext* ctx, const v1::StartTrialRequest* request,
                          v1::Trial* response) override;
  grpc::Status GetTrial(grpc::ServerContext* ctx, const v1::GetTrialRequest* request,
                        v1::Trial* response) override;

 private:
  TrialStore& trials_;
  OfferBook& offers_;
  TrialCountdown& countdown_;
  const OfferSettings offer_settings_;
  const absl::Duration trial_duration_;
  Clock& clock_;
  RpcMethods rpc_;
};

}  // namespace rostrum::subscription
