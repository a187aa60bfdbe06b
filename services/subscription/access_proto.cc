#include "services/subscription/access_proto.h"

#include <algorithm>

#include "services/common/rpc/proto_time.h"

namespace rostrum::subscription {

pb::AccessReason ToProto(Entitlement::Reason reason) {
  return reason == Entitlement::Reason::kTrial ? pb::ACCESS_REASON_TRIAL
                                               : pb::ACCESS_REASON_MEMBERSHIP;
}

pb::Entitlement ToProto(const std::optional<Entitlement>& entitlement) {
  pb::Entitlement out;
  if (!entitlement.has_value()) return out;
  out.set_entitled(true);
  out.set_reason(ToProto(entitlement->reason));
  *out.mutable_end_time() = ToProtoTime(entitlement->end_time);
  return out;
}

pb::Meter ToProto(const MeterReading& reading, const MeterSettings& settings, bool returning,
                  absl::Time now) {
  pb::Meter out;
  const int remaining = std::max(settings.limit - reading.used, 0);
  out.set_limit(settings.limit);
  out.set_used(reading.used);
  out.set_remaining(remaining);
  out.set_returning(returning);
  if (reading.period_left > absl::ZeroDuration()) {
    *out.mutable_period_end_time() = ToProtoTime(now + reading.period_left);
  }
  if (remaining > settings.ending_at) {
    out.set_state(pb::METER_STATE_FREE);
  } else if (remaining > 0 || reading.granted) {
    out.set_state(pb::METER_STATE_ENDING);
  } else {
    out.set_state(pb::METER_STATE_ENDED);
  }
  return out;
}

pb::Offer ToProto(const Offer& offer, absl::Duration trial_duration, absl::Time now) {
  pb::Offer out;
  out.set_state(offer.IsOpen(now) ? pb::OFFER_STATE_OPEN : pb::OFFER_STATE_EXPIRED);
  *out.mutable_expire_time() = ToProtoTime(offer.expire_time);
  *out.mutable_next_offer_time() = ToProtoTime(offer.next_time);
  // A trial of less than a day (tests) still lasts "1 day" on a page.
  out.set_trial_days(std::max<int>(1, static_cast<int>(trial_duration / absl::Hours(24))));
  return out;
}

pb::Trial ToProto(const Trial& trial, absl::Time now) {
  pb::Trial out;
  out.set_account_id(trial.account_id.value());
  *out.mutable_start_time() = ToProtoTime(trial.start_time);
  *out.mutable_end_time() = ToProtoTime(trial.end_time);
  *out.mutable_server_time() = ToProtoTime(now);
  if (trial.IsActive(now)) {
    out.set_active(true);
    out.set_remaining_seconds(
        absl::ToInt64Seconds(absl::Ceil(trial.end_time - now, absl::Seconds(1))));
  }
  return out;
}

}  // namespace rostrum::subscription
