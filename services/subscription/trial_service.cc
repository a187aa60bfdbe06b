#include "services/subscription/trial_service.h"

#include <string>

#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"
#include "services/subscription/access_proto.h"

namespace rostrum::subscription {
namespace {

constexpr size_t kPersonKeyBytes = 32;

absl::Status Expired(const Offer& offer) {
  const auto rfc3339 = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", time, absl::UTCTimeZone());
  };
  return Error(
      absl::StatusCode::kFailedPrecondition, "OFFER_EXPIRED", "the offer has expired",
      {{"expire_time", rfc3339(offer.expire_time)}, {"next_offer_time", rfc3339(offer.next_time)}});
}

}  // namespace

TrialService::TrialService(TrialStore& trials, OfferBook& offers, TrialCountdown& countdown,
                           const OfferSettings& offer_settings, absl::Duration trial_duration,
                           Clock& clock, RpcRuntime& runtime)
    : trials_(trials),
      offers_(offers),
      countdown_(countdown),
      offer_settings_(offer_settings),
      trial_duration_(trial_duration),
      clock_(clock),
      rpc_(runtime, v1::TrialService::service_full_name()) {}

grpc::Status TrialService::AcceptOffer(grpc::ServerContext* ctx,
                                       const v1::AcceptOfferRequest* request, v1::Offer* response) {
  return HandleRpc(rpc_, ctx, "AcceptOffer", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const VisitorPass pass, VisitorFromProto(request->visitor(), "visitor"));
    if (pass.empty()) return InvalidField("visitor", "REQUIRED", "must be given");
    const absl::Time now = clock_.Now();
    absl::StatusOr<std::optional<Offer>> offer = offers_.Find(pass, now);
    if (absl::IsUnavailable(offer.status())) {
      // During an outage of Redis the offer counts as open.
      const absl::Time expire_time = now + offer_settings_.duration;
      offer = Offer{expire_time, expire_time + offer_settings_.pause};
    }
    RETURN_IF_ERROR(offer);
    if (!offer->has_value()) {
      return Error(absl::StatusCode::kFailedPrecondition, "OFFER_NOT_STARTED",
                   "there is no offer running for this visitor");
    }
    if (!(*offer)->IsOpen(now)) return Expired(**offer);
    *response = ToProto(**offer, trial_duration_, now);
    return absl::OkStatus();
  });
}

grpc::Status TrialService::StartTrial(grpc::ServerContext* ctx,
                                      const v1::StartTrialRequest* request, v1::Trial* response) {
  return HandleRpc(rpc_, ctx, "StartTrial", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const AccountId account_id,
                     ParseId<AccountId>(request->account_id(), "account_id"));
    if (request->person_key().size() != kPersonKeyBytes) {
      return InvalidField("person_key", "INVALID_KEY", "must have 32 bytes");
    }
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(const StartedTrial started,
                     trials_.Start(account_id, request->person_key(), now));
    countdown_.Start(started.trial, now);
    *response = ToProto(started.trial, now);
    return absl::OkStatus();
  });
}

grpc::Status TrialService::GetTrial(grpc::ServerContext* ctx, const v1::GetTrialRequest*,
                                    v1::Trial* response) {
  return HandleRpc(rpc_, ctx, "GetTrial", [&](const RequestContext& rc) -> absl::Status {
    const absl::Time now = clock_.Now();
    std::optional<Trial> trial = countdown_.Find(rc.caller.account_id);
    if (!trial.has_value()) {
      ASSIGN_OR_RETURN(trial, trials_.Get(rc.caller.account_id));
      countdown_.Start(*trial, now);
    }
    *response = ToProto(*trial, now);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::subscription
