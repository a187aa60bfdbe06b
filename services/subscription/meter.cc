#include "services/subscription/meter.h"

#include <map>

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
// found in it. KEYS[1] the sketch. ARGV: limit, visitors. Returns 1 for each who is
// within the limit. Far from it they are added together: to count is what is dear.
constexpr char kCountNetwork[] = R"lua(
  local limit = tonumber(ARGV[1])
  local new = redis.call('EXISTS', KEYS[1]) == 0
  local together = redis.call('PFCOUNT', KEYS[1]) + #ARGV - 1 <= limit
  if together then redis.call('PFADD', KEYS[1], unpack(ARGV, 2)) end
  local within = {}
  for i = 2, #ARGV do
    if not together then redis.call('PFADD', KEYS[1], ARGV[i]) end
    within[i - 1] = (together or redis.call('PFCOUNT', KEYS[1]) <= limit) and 1 or 0
  end
  if new then redis.call('EXPIRE', KEYS[1], 3600) end
  return within
)lua";

}  // namespace

RedisMeter::RedisMeter(Redis& redis, const MeterSettings& settings)
    : redis_(redis), settings_(settings), read_(kRead), count_network_(kCountNetwork) {}

RedisScript::Call RedisMeter::CallFor(const VisitorPass& pass, const std::string& digest,
                                      Use use) const {
  const bool count = use == Use::kCount || use == Use::kCountFresh;
  return {.keys = {absl::StrCat("meter:{", pass.KeyHash(), "}:reads")},
          .arguments = {digest, count ? "1" : "0", use == Use::kCountFresh ? "1" : "0",
                        absl::StrCat(settings_.limit),
                        absl::StrCat(absl::ToInt64Milliseconds(settings_.period))}};
}

absl::StatusOr<RedisMeter::Outcome> RedisMeter::ReadReply(const RedisReply& reply) {
  if (reply.elements.size() != 4) return absl::InternalError("the meter answered something else");
  return Outcome{.reading = {.granted = reply.elements[0].integer == 1,
                             .used = static_cast<int>(reply.elements[1].integer),
                             .period_left = absl::Milliseconds(reply.elements[2].integer)},
                 .fresh = reply.elements[3].integer == 1};
}

absl::StatusOr<MeterReading> RedisMeter::Run(const VisitorPass& pass, const std::string& digest,
                                             Use use) {
  const RedisScript::Call call = CallFor(pass, digest, use);
  ASSIGN_OR_RETURN(const RedisReply reply, read_.Run(redis_, call.keys, call.arguments));
  ASSIGN_OR_RETURN(const Outcome outcome, ReadReply(reply));
  return outcome.reading;
}

absl::StatusOr<std::vector<size_t>> RedisMeter::AdmitFresh(const std::vector<MeterRead>& reads,
                                                           const std::vector<size_t>& fresh,
                                                           std::vector<MeterReading>& readings) {
  std::vector<size_t> admitted;
  std::map<std::string, std::vector<size_t>> by_network;
  for (const size_t i : fresh) {
    if (reads[i].network.empty()) {
      admitted.push_back(i);
    } else {
      by_network[reads[i].network].push_back(i);
    }
  }
  std::vector<RedisScript::Call> calls;
  for (const auto& [network, asked] : by_network) {
    RedisScript::Call& call = calls.emplace_back();
    call.keys = {absl::StrCat("network:{", network, "}")};
    call.arguments = {absl::StrCat(settings_.fresh_passes_per_network)};
    for (const size_t i : asked) call.arguments.push_back(reads[i].pass.KeyHash());
  }
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, count_network_.RunAll(redis_, calls));
  auto reply = replies.begin();
  for (const auto& [network, asked] : by_network) {
    const std::vector<RedisReply>& within = (reply++)->elements;
    if (within.size() != asked.size())
      return absl::InternalError("the meter answered other things");
    for (size_t k = 0; k < asked.size(); ++k) {
      if (within[k].integer == 1) {
        admitted.push_back(asked[k]);
      } else {
        readings[asked[k]] = {.network_limit = true};
      }
    }
  }
  return admitted;
}

absl::StatusOr<std::vector<MeterReading>> RedisMeter::ReadAll(const std::vector<MeterRead>& reads) {
  std::vector<RedisScript::Call> calls;
  std::vector<std::string> digests;
  for (const MeterRead& read : reads) {
    digests.push_back(read.pass.Digest(read.post_id.value()));
    calls.push_back(CallFor(read.pass, digests.back(), Use::kCount));
  }
  ASSIGN_OR_RETURN(std::vector<RedisReply> replies, read_.RunAll(redis_, calls));
  std::vector<MeterReading> readings(reads.size());
  std::vector<size_t> fresh;
  for (size_t i = 0; i < reads.size(); ++i) {
    ASSIGN_OR_RETURN(const Outcome outcome, ReadReply(replies[i]));
    readings[i] = outcome.reading;
    if (outcome.fresh) fresh.push_back(i);
  }
  if (fresh.empty()) return readings;

  ASSIGN_OR_RETURN(const std::vector<size_t> admitted, AdmitFresh(reads, fresh, readings));
  calls.clear();
  for (const size_t i : admitted) {
    calls.push_back(CallFor(reads[i].pass, digests[i], Use::kCountFresh));
  }
  ASSIGN_OR_RETURN(replies, read_.RunAll(redis_, calls));
  for (size_t k = 0; k < admitted.size(); ++k) {
    ASSIGN_OR_RETURN(const Outcome outcome, ReadReply(replies[k]));
    readings[admitted[k]] = outcome.reading;
  }
  return readings;
}

absl::StatusOr<MeterReading> RedisMeter::Peek(const VisitorPass& pass, const PostId& post_id) {
  return Run(pass, pass.Digest(post_id.value()), Use::kPeek);
}

absl::StatusOr<MeterReading> RedisMeter::Look(const VisitorPass& pass) {
  return Run(pass, "", Use::kLook);
}

}  // namespace rostrum::subscription
