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

// A reader without a pass gets no free reads: they could not be counted.
MeterReading ReadingWithoutPass(const MeterSettings& settings) { return {.used = settings.limit}; }

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

absl::StatusOr<pb::ReadingAccess> Paywall::Decide(const Question& question, Mode mode) {
  ASSIGN_OR_RETURN(std::vector<pb::ReadingAccess> decided, DecideAll({question}, mode));
  return std::move(decided[0]);
}

absl::StatusOr<std::vector<pb::ReadingAccess>> Paywall::DecideAll(
    const std::vector<Question>& questions, Mode mode) {
  const absl::Time now = clock_.Now();
  std::vector<Case> cases;
  cases.reserve(questions.size());
  for (const Question& question : questions) {
    cases.push_back({.reader = question.reader, .post_id = question.post_id});
    RETURN_IF_ERROR(Open(cases.back(), question.level, now));
  }
  RETURN_IF_ERROR(Measure(cases, mode, now));
  std::vector<Case*> due;
  for (Case& decision : cases) {
    const bool ends = decision.access.reason() == pb::ACCESS_REASON_PREMIUM ||
                      (decision.metered && IsEnding(decision.access.meter()));
    if (ends && !decision.had_trial) due.push_back(&decision);
  }
  AddOffers(due, mode, now);
  std::vector<pb::ReadingAccess> decided;
  decided.reserve(cases.size());
  for (Case& decision : cases) decided.push_back(std::move(decision.access));
  return decided;
}

absl::Status Paywall::Open(Case& decision, pb::AccessLevel level, absl::Time now) {
  *decision.access.mutable_server_time() = ToProtoTime(now);
  if (level == pb::ACCESS_LEVEL_PUBLIC) {
    decision.access.set_granted(true);
    decision.access.set_reason(pb::ACCESS_REASON_PUBLIC);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Standing standing, StandingOf(decision.reader, now));
  decision.had_trial = standing.had_trial;
  if (standing.entitlement.has_value()) {
    Grant(*standing.entitlement, decision.access);
  } else if (level == pb::ACCESS_LEVEL_PREMIUM) {
    decision.access.set_reason(pb::ACCESS_REASON_PREMIUM);
  } else {
    decision.metered = true;
  }
  return absl::OkStatus();
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
  MeterReading reading = ReadingWithoutPass(settings_);
  if (!reader.pass.empty()) {
    ASSIGN_OR_RETURN(reading, meter_.Look(reader.pass));
  }
  *access.mutable_meter() =
      ToProto(reading, settings_, !reader.pass.empty() && !reader.pass.fresh, now);
  access.set_granted(access.meter().remaining() > 0);
  access.set_reason(access.granted() ? pb::ACCESS_REASON_METER : pb::ACCESS_REASON_METER_ENDED);
  if (standing.had_trial) return access;
  const PostId none;
  Case looked{.reader = reader, .post_id = none, .access = std::move(access)};
  AddOffers({&looked}, mode, now);
  return std::move(looked.access);
}

absl::StatusOr<Standing> Paywall::StandingOf(const Reader& reader, absl::Time now) {
  if (reader.account_id.empty()) return Standing();
  return entitlements_.Get(reader.account_id, now);
}

absl::StatusOr<std::vector<MeterReading>> Paywall::AskMeter(const std::vector<Case*>& cases,
                                                            Mode mode) {
  std::vector<MeterReading> readings;
  if (mode == Mode::kPeek) {
    for (const Case* decision : cases) {
      ASSIGN_OR_RETURN(const MeterReading reading,
                       meter_.Peek(decision->reader.pass, decision->post_id));
      readings.push_back(reading);
    }
    return readings;
  }
  std::vector<MeterRead> reads;
  for (const Case* decision : cases) {
    reads.push_back({decision->reader.pass, decision->post_id, decision->reader.network});
  }
  return meter_.ReadAll(reads);
}

absl::Status Paywall::Measure(std::vector<Case>& cases, Mode mode, absl::Time now) {
  std::vector<Case*> asked;
  for (Case& decision : cases) {
    if (!decision.metered) continue;
    if (!decision.reader.pass.empty()) {
      asked.push_back(&decision);
      continue;
    }
    *decision.access.mutable_meter() =
        ToProto(ReadingWithoutPass(settings_), settings_, false, now);
    decision.access.set_reason(pb::ACCESS_REASON_METER_ENDED);
  }
  if (!asked.empty()) {
    const absl::StatusOr<std::vector<MeterReading>> readings = AskMeter(asked, mode);
    if (!readings.ok() && !absl::IsUnavailable(readings.status())) return readings.status();
    for (size_t i = 0; i < asked.size(); ++i) {
      if (readings.ok()) {
        FillIn((*readings)[i], now, *asked[i]);
      } else {
        // An outage of the meter must not show a paywall.
        asked[i]->access.set_granted(true);
        asked[i]->access.set_reason(pb::ACCESS_REASON_METER_UNAVAILABLE);
      }
    }
  }
  if (mode == Mode::kPeek) return absl::OkStatus();
  for (const Case& decision : cases) {
    if (decision.metered) Count(decision.access);
  }
  return absl::OkStatus();
}

void Paywall::FillIn(const MeterReading& reading, absl::Time now, Case& decision) {
  pb::ReadingAccess& access = decision.access;
  if (reading.network_limit) {
    access.set_reason(pb::ACCESS_REASON_NETWORK_LIMIT);
    return;
  }
  *access.mutable_meter() = ToProto(reading, settings_, !decision.reader.pass.fresh, now);
  access.set_granted(reading.granted);
  access.set_reason(reading.granted || access.meter().remaining() > 0
                        ? pb::ACCESS_REASON_METER
                        : pb::ACCESS_REASON_METER_ENDED);
}

void Paywall::AddOffers(const std::vector<Case*>& cases, Mode mode, absl::Time now) {
  std::vector<Case*> asked;
  std::vector<OfferWanted> wanted;
  for (Case* decision : cases) {
    if (decision->reader.pass.empty()) continue;
    asked.push_back(decision);
    wanted.push_back({decision->reader.pass, decision->reader.network});
  }
  if (asked.empty()) return;
  const auto add = [&](const std::optional<Offer>& offer, Case& decision) {
    if (!offer.has_value()) return;
    *decision.access.mutable_offer() = ToProto(*offer, trial_duration_, now);
  };
  if (mode == Mode::kRead) {
    const auto offers = offers_.FindOrStartAll(wanted, now);
    for (size_t i = 0; offers.ok() && i < asked.size(); ++i) add((*offers)[i], *asked[i]);
    return;
  }
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto offer = offers_.Find(wanted[i].pass, now);
    if (offer.ok()) add(*offer, *asked[i]);
  }
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
