#include "services/subscription/meter.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

// KEYS[1] the set. ARGV: digest of the post ("" for none), "1" to count,
// "1" to let a set begin, limit, period in ms.
// Returns {granted, used, ms left, fresh}.
constexpr char kRead[] = R"lua(
  local used = redis.call('SCARD', KEYS[1])
  local left = math.max(redis.call('PTTL', KEYS[1]), 0)
  if ARGV[1] ~= '' and redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then
    return {1, used, left, 0}
  end
  if ARGV[2] ~= '1' or used >= tonumber(ARGV[4]) then return {0, used, left, 0} end
  if used == 0 and ARGV[3] ~= '1' then return {0, 0, 0, 1} end
  redis.call('SADD', KEYS[1], ARGV[1])
  if used == 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
    left = tonumber(ARGV[5])
  end
  return {1, used + 1, left, 0}
)lua";

// A sketch, so that a visitor with several tabs is one, and no visitor can be
// found in it.
constexpr char kCountNetwork[] = R"lua(
  local new = redis.call('EXISTS', KEYS[1]) == 0
  redis.call('PFADD', KEYS[1], ARGV[1])
  if new then redis.call('EXPIRE', KEYS[1], 3600) end
  return redis.call('PFCOUNT', KEYS[1])
)lua";

}  // namespace

RedisMeter::RedisMeter(Redis& redis, const MeterSettings& settings)
    : redis_(redis), settings_(settings), read_(kRead), count_network_(kCountNetwork) {}

absl::StatusOr<RedisMeter::Outcome> RedisMeter::Run(const VisitorPass& pass,
                                                    const std::string& digest, Use use) {
  const bool count = use == Use::kCount || use == Use::kCountFresh;
  ASSIGN_OR_RETURN(const RedisReply reply,
                   read_.Run(redis_, {absl::StrCat("meter:{", pass.KeyHash(), "}:reads")},
                             {digest, count ? "1" : "0", use == Use::kCountFresh ? "1" : "0",
                              absl::StrCat(settings_.limit),
                              absl::StrCat(absl::ToInt64Milliseconds(settings_.period))}));
  if (reply.elements.size() != 4) return absl::InternalError("the meter answered something else");
  return Outcome{.reading = {.granted = reply.elements[0].integer == 1,
                             .used = static_cast<int>(reply.elements[1].integer),
                             .period_left = absl::Milliseconds(reply.elements[2].integer)},
                 .fresh = reply.elements[3].integer == 1};
}

absl::StatusOr<bool> RedisMeter::AdmitFresh(const VisitorPass& pass, const std::string& network) {
  if (network.empty()) return true;
  ASSIGN_OR_RETURN(
      const RedisReply reply,
      count_network_.Run(redis_, {absl::StrCat("network:{", network, "}")}, {pass.KeyHash()}));
  return reply.integer <= settings_.fresh_passes_per_network;
}

absl::StatusOr<MeterReading> RedisMeter::Read(const VisitorPass& pass, const PostId& post_id,
                                              const std::string& network) {
  const std::string digest = pass.Digest(post_id.value());
  ASSIGN_OR_RETURN(Outcome outcome, Run(pass, digest, Use::kCount));
  if (!outcome.fresh) return outcome.reading;
  ASSIGN_OR_RETURN(const bool admitted, AdmitFresh(pass, network));
  if (!admitted) return MeterReading{.network_limit = true};
  ASSIGN_OR_RETURN(outcome, Run(pass, digest, Use::kCountFresh));
  return outcome.reading;
}

absl::StatusOr<MeterReading> RedisMeter::Peek(const VisitorPass& pass, const PostId& post_id) {
  ASSIGN_OR_RETURN(const Outcome outcome, Run(pass, pass.Digest(post_id.value()), Use::kPeek));
  return outcome.reading;
}

absl::StatusOr<MeterReading> RedisMeter::Look(const VisitorPass& pass) {
  ASSIGN_OR_RETURN(const Outcome outcome, Run(pass, "", Use::kLook));
  return outcome.reading;
}

}  // namespace rostrum::subscription
