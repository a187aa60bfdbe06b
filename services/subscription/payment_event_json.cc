#include "services/subscription/payment_event_json.h"

#include <array>
#include <utility>

#include "nlohmann/json.hpp"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"

namespace rostrum::subscription {
namespace {

using Kind = PaymentEvent::Kind;
using Json = nlohmann::json;

constexpr size_t kMaxId = 200;

constexpr std::array<std::pair<Kind, const char*>, 7> kTypes = {{
    {Kind::kCheckoutCompleted, "checkout.completed"},
    {Kind::kCheckoutDeclined, "checkout.declined"},
    {Kind::kRenewed, "subscription.renewed"},
    {Kind::kPaymentFailed, "subscription.payment_failed"},
    {Kind::kCancelled, "subscription.cancelled"},
    {Kind::kResumed, "subscription.resumed"},
    {Kind::kEnded, "subscription.ended"},
}};

const char* TypeOf(Kind kind) {
  for (const auto& [known, type] : kTypes) {
    if (known == kind) return type;
  }
  return "";
}

std::optional<Kind> KindOf(const std::string& type) {
  for (const auto& [kind, known] : kTypes) {
    if (type == known) return kind;
  }
  return std::nullopt;
}

absl::Status NotAnEvent() { return InvalidField("event", "INVALID_EVENT", "is not an event"); }

// These functions throw if the field is missing or has another type.
std::string IdIn(const Json& json, const char* field) {
  std::string id = json.at(field).get<std::string>();
  if (id.size() > kMaxId || !IsCleanUtf8(id)) throw std::invalid_argument(field);
  return id;
}

absl::Time TimeIn(const Json& json, const char* field) {
  return absl::FromUnixMicros(json.at(field).get<int64_t>());
}

PaymentEvent Read(const std::string& provider, Kind kind, const Json& json) {
  PaymentEvent event{.provider = provider,
                     .id = IdIn(json, "id"),
                     .kind = kind,
                     .reference = IdIn(json, "reference"),
                     .sequence = json.at("sequence").get<int64_t>(),
                     .time = TimeIn(json, "time")};
  if (event.id.empty() || event.reference.empty()) throw std::invalid_argument("id");
  if (kind == Kind::kCheckoutDeclined) return event;
  event.subscription = IdIn(json, "subscription");
  event.period_start_time = TimeIn(json, "periodStartTime");
  event.period_end_time = TimeIn(json, "periodEndTime");
  if (kind == Kind::kCheckoutCompleted || kind == Kind::kRenewed) {
    event.amount.currency_code = IdIn(json.at("amount"), "currencyCode");
    event.amount.minor_units = json.at("amount").at("minorUnits").get<int64_t>();
  }
  return event;
}

}  // namespace

std::string PaymentEventToJson(const PaymentEvent& event) {
  Json json = {{"id", event.id},
               {"type", TypeOf(event.kind)},
               {"reference", event.reference},
               {"sequence", event.sequence},
               {"time", absl::ToUnixMicros(event.time)}};
  if (event.kind != Kind::kCheckoutDeclined) {
    json["subscription"] = event.subscription;
    json["periodStartTime"] = absl::ToUnixMicros(event.period_start_time);
    json["periodEndTime"] = absl::ToUnixMicros(event.period_end_time);
    json["amount"] = {{"currencyCode", event.amount.currency_code},
                      {"minorUnits", event.amount.minor_units}};
  }
  return json.dump();
}

absl::StatusOr<std::optional<PaymentEvent>> PaymentEventFromJson(const std::string& provider,
                                                                 const std::string& body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return NotAnEvent();
  try {
    const std::optional<Kind> kind = KindOf(json.at("type").get<std::string>());
    if (!kind.has_value()) return std::nullopt;
    return Read(provider, *kind, json);
  } catch (const std::exception&) {
    return NotAnEvent();
  }
}

}  // namespace rostrum::subscription
