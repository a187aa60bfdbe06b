#include "services/subscription/paywall.h"

#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::subscription {
namespace {

const CounterFamily kDecisions{
    "meter_decisions_total", "Decisions about metered reading, by outcome.", {"state"}};

void Grant(const Entitlement& entitlement, pb::ReadingAccess& access) {
  access.set_granted(true);
  access.set_reason(ToProto(entitlement.reason));
  *access.mutable_entitlement_end_time() = ToProtoTime(entitlement.end_time);
}

bool IsEnding(const pb::Meter& meter) {
  return meter.state() == pb::METER_STATE_ENDING || meter.state() == pb::METER_STATE_ENDED;
}

}  // namespace

Paywall::Paywall(EntitlementStore& entitlements, Meter& meter, OfferBook& offers,
                 const MeterSettings& settings, absl::Duration trial_duration, Clock& clock,
                 Metrics& metrics)
    : entitlements_(entitlements),
      meter_(meter),
      offers_(offers),
      settings_(settings),
      trial_duration_(trial_duration),
      clock_(clock),
      free_(metrics.Counter(kDecisions, {"free"})),
      ending_(metrics.Counter(kDecisions, {"ending"})),
      ended_(metrics.Counter(kDecisions, {"ended"})),
      network_limit_(metrics.Counter(kDecisions, {"network_limit"})),
      unavailable_(metrics.Counter(kDecisions, {"unavailable"})) {}

absl::StatusOr<pb::ReadingAccess> Paywall::Decide(const Reader& reader, const PostId& post_id,
                                                  pb::AccessLevel level, Mode mode) {
  const absl::Time now = clock_.Now();
  pb::ReadingAccess access;
  *access.mutable_server_time() = ToProtoTime(now);
  if (level == pb::ACCESS_LEVEL_PUBLIC) {
    access.set_granted(true);
    access.set_reason(pb::ACCESS_REASON_PUBLIC);
    return access;
  }
  ASSIGN_OR_RETURN(const Standing standing, StandingOf(reader, now));
  if (standing.entitlement.has_value()) {
    Grant(*standing.entitlement, access);
    return access;
  }
  if (level == pb::ACCESS_LEVEL_PREMIUM) {
    access.set_reason(pb::ACCESS_REASON_PREMIUM);
  } else {
    RETURN_IF_ERROR(Measure(reader, post_id, mode, now, access));
    if (mode == Mode::kRead) Count(access);
  }
  const bool due = level == pb::ACCESS_LEVEL_PREMIUM || IsEnding(access.meter());
  if (due && !standing.had_trial) AddOffer(reader, mode, now, access);
  return access;
}

absl::StatusOr<pb::ReadingAccess> Paywall::Look(const Reader& reader, Mode mode) {
  const absl::Time now = clock_.Now();
  pb::ReadingAccess access;
  *access.mutable_server_time() = ToProtoTime(now);
  ASSIGN_OR_RETURN(const Standing standing, StandingOf(reader, now));
  if (standing.entitlement.has_value()) {
    Grant(*standing.entitlement, access);
    return access;
  }
  MeterReading reading;
  if (!reader.pass.empty()) {
    ASSIGN_OR_RETURN(reading, meter_.Look(reader.pass));
  }
  *access.mutable_meter() =
      ToProto(reading, settings_, !reader.pass.empty() && !reader.pass.fresh, now);
  access.set_granted(access.meter().remaining() > 0);
  access.set_reason(access.granted() ? pb::ACCESS_REASON_METER : pb::ACCESS_REASON_METER_ENDED);
  if (!standing.had_trial) AddOffer(reader, mode, now, access);
  return access;
}

absl::StatusOr<Standing> Paywall::StandingOf(const Reader& reader, absl::Time now) {
  if (reader.account_id.empty()) return Standing();
  return entitlements_.Get(reader.account_id, now);
}

absl::Status Paywall::Measure(const Reader& reader, const PostId& post_id, Mode mode,
                              absl::Time now, pb::ReadingAccess& access) {
  if (reader.pass.empty()) {
    // Who holds no pass has no free allocation: else it would be endless.
    *access.mutable_meter() = ToProto(MeterReading{.used = settings_.limit}, settings_, false, now);
    access.set_reason(pb::ACCESS_REASON_METER_ENDED);
    return absl::OkStatus();
  }
  const absl::StatusOr<MeterReading> reading =
      mode == Mode::kPeek ? meter_.Peek(reader.pass, post_id)
                          : meter_.Read(reader.pass, post_id, reader.network);
  if (absl::IsUnavailable(reading.status())) {
    // A paywall is never shown because of an outage.
    access.set_granted(true);
    access.set_reason(pb::ACCESS_REASON_METER_UNAVAILABLE);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(reading);
  if (reading->network_limit) {
    access.set_reason(pb::ACCESS_REASON_NETWORK_LIMIT);
    return absl::OkStatus();
  }
  *access.mutable_meter() = ToProto(*reading, settings_, !reader.pass.fresh, now);
  access.set_granted(reading->granted);
  access.set_reason(reading->granted || access.meter().remaining() > 0
                        ? pb::ACCESS_REASON_METER
                        : pb::ACCESS_REASON_METER_ENDED);
  return absl::OkStatus();
}

void Paywall::AddOffer(const Reader& reader, Mode mode, absl::Time now, pb::ReadingAccess& access) {
  if (reader.pass.empty()) return;
  absl::StatusOr<std::optional<Offer>> offer;
  if (mode == Mode::kPeek) {
    offer = offers_.Find(reader.pass, now);
  } else {
    offer = offers_.FindOrStart(reader.pass, now);
  }
  if (!offer.ok() || !offer->has_value()) return;
  *access.mutable_offer() = ToProto(**offer, trial_duration_, now);
}

void Paywall::Count(const pb::ReadingAccess& access) {
  switch (access.reason()) {
    case pb::ACCESS_REASON_METER_UNAVAILABLE: unavailable_.Increment(); return;
    case pb::ACCESS_REASON_NETWORK_LIMIT: network_limit_.Increment(); return;
    case pb::ACCESS_REASON_METER_ENDED: ended_.Increment(); return;
    default: (IsEnding(access.meter()) ? ending_ : free_).Increment();
  }
}

}  // namespace rostrum::subscription
