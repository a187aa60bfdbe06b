#include "services/subscription/meter.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

// KEYS: a set for each read. ARGV: "1" to count, "1" to let a set begin, limit, period
// in ms, and the digest of the post of each read ("" for none).
// Returns granted, used, ms left and fresh of each, in one list. To call a command is
// what is dear here: each visitor's path makes as few as it can.
constexpr char kRead[] = R"lua(
  local count, begin, limit = ARGV[1] == '1', ARGV[2] == '1', tonumber(ARGV[3])
  local answers = {}
  local function answer(granted, used, left, fresh)
    local at = #answers
    answers[at + 1], answers[at + 2], answers[at + 3], answers[at + 4] = granted, used, left, fresh
  end
  local function begins(set, digest)
    if not begin or redis.call('SADD', set, digest) == 0 then return false end
    if redis.call('PEXPIRE', set, ARGV[4], 'NX') == 1 then return true end
    -- Another read of this visitor began it a moment ago.
    if redis.call('SCARD', set) > limit then redis.call('SREM', set, digest) end
    return false
  end
  local function read(set, digest)
    local used = redis.call('SCARD', set)
    if used == 0 then return answer(0, 0, 0, count and limit > 0 and 1 or 0) end
    local left = math.max(redis.call('PTTL', set), 0)
    if count and used < limit then
      return answer(1, used + redis.call('SADD', set, digest), left, 0)
    end
    local known = digest ~= '' and redis.call('SISMEMBER', set, digest) == 1
    answer(known and 1 or 0, used, left, 0)
  end
  for i, set in ipairs(KEYS) do
    local digest = ARGV[4 + i]
    if begins(set, digest) then
      answer(1, 1, tonumber(ARGV[4]), 0)
    else
      read(set, digest)
    end
  end
  return answers
)lua";
constexpr size_t kAnswers = 4;
// So many nodes of a cluster can share the meters; each takes tens of thousands a second.
// With another number all meters begin anew.
constexpr int kShards = 4;
// So many reads one call of the script counts, for which Redis serves nobody else.
constexpr size_t kMaxPerCall = 200;

int ShardOf(const std::string& pass) { return pass.empty() ? 0 : pass[0] % kShards; }

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

absl::StatusOr<std::vector<RedisMeter::Outcome>> RedisMeter::Ask(const std::vector<Asked>& asked,
                                                                 Use use) {
  const bool count = use == Use::kCount || use == Use::kCountFresh;
  // By shard, and within one in the order in which they were asked.
  std::map<std::pair<int, size_t>, std::vector<size_t>> by_call;
  for (size_t i = 0; i < asked.size(); ++i) {
    by_call[{ShardOf(asked[i].pass), i / kMaxPerCall}].push_back(i);
  }
  std::vector<RedisScript::Call> calls;
  for (const auto& [shard_and_part, places] : by_call) {
    const int shard = shard_and_part.first;
    RedisScript::Call& call = calls.emplace_back();
    call.arguments = {count ? "1" : "0", use == Use::kCountFresh ? "1" : "0",
                      absl::StrCat(settings_.limit),
                      absl::StrCat(absl::ToInt64Milliseconds(settings_.period))};
    for (const size_t i : places) {
      call.keys.push_back(absl::StrCat("meter:{", shard, "}:", asked[i].pass, ":reads"));
      call.arguments.push_back(asked[i].digest);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, read_.RunAll(redis_, calls));
  std::vector<Outcome> outcomes(asked.size());
  auto reply = replies.begin();
  for (const auto& [shard_and_part, places] : by_call) {
    const std::vector<RedisReply>& answers = (reply++)->elements;
    if (answers.size() != places.size() * kAnswers) {
      return absl::InternalError("the meter answered something else");
    }
    auto answer = answers.begin();
    for (const size_t i : places) {
      outcomes[i] = {.reading = {.granted = answer[0].integer == 1,
                                 .used = static_cast<int>(answer[1].integer),
                                 .period_left = absl::Milliseconds(answer[2].integer)},
                     .fresh = answer[3].integer == 1};
      answer += kAnswers;
    }
  }
  return outcomes;
}

absl::StatusOr<MeterReading> RedisMeter::AskOne(Asked asked, Use use) {
  ASSIGN_OR_RETURN(const std::vector<Outcome> outcomes, Ask({std::move(asked)}, use));
  return outcomes.front().reading;
}

absl::StatusOr<std::vector<size_t>> RedisMeter::AdmitFresh(const std::vector<MeterRead>& reads,
                                                           const std::vector<Asked>& asked,
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
  for (const auto& [network, visitors] : by_network) {
    RedisScript::Call& call = calls.emplace_back();
    call.keys = {absl::StrCat("network:{", network, "}")};
    call.arguments = {absl::StrCat(settings_.fresh_passes_per_network)};
    for (const size_t i : visitors) call.arguments.push_back(asked[i].pass);
  }
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, count_network_.RunAll(redis_, calls));
  auto reply = replies.begin();
  for (const auto& [network, visitors] : by_network) {
    const std::vector<RedisReply>& within = (reply++)->elements;
    if (within.size() != visitors.size()) {
      return absl::InternalError("the meter answered something else");
    }
    for (size_t k = 0; k < visitors.size(); ++k) {
      if (within[k].integer == 1) {
        admitted.push_back(visitors[k]);
      } else {
        readings[visitors[k]] = {.network_limit = true};
      }
    }
  }
  return admitted;
}

absl::StatusOr<std::vector<MeterReading>> RedisMeter::ReadAll(const std::vector<MeterRead>& reads) {
  std::vector<Asked> asked;
  for (const MeterRead& read : reads) {
    asked.push_back({read.pass.KeyHash(), read.pass.Digest(read.post_id.value())});
  }
  ASSIGN_OR_RETURN(const std::vector<Outcome> outcomes, Ask(asked, Use::kCount));
  std::vector<MeterReading> readings;
  std::vector<size_t> fresh;
  for (size_t i = 0; i < reads.size(); ++i) {
    readings.push_back(outcomes[i].reading);
    if (outcomes[i].fresh) fresh.push_back(i);
  }
  if (fresh.empty()) return readings;

  ASSIGN_OR_RETURN(const std::vector<size_t> admitted, AdmitFresh(reads, asked, fresh, readings));
  std::vector<Asked> begun;
  for (const size_t i : admitted) begun.push_back(asked[i]);
  ASSIGN_OR_RETURN(const std::vector<Outcome> beginnings, Ask(begun, Use::kCountFresh));
  for (size_t k = 0; k < admitted.size(); ++k) readings[admitted[k]] = beginnings[k].reading;
  return readings;
}

absl::StatusOr<MeterReading> RedisMeter::Peek(const VisitorPass& pass, const PostId& post_id) {
  return AskOne({pass.KeyHash(), pass.Digest(post_id.value())}, Use::kPeek);
}

absl::StatusOr<MeterReading> RedisMeter::Look(const VisitorPass& pass) {
  return AskOne({pass.KeyHash(), ""}, Use::kLook);
}

}  // namespace rostrum::subscription
