#include "services/subscription/meter.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

// KEYS: two for each read, its set and the set of its pass's first visit; during that visit
// both are the same. ARGV: "1" to count, "1" to let a set begin, limit, period and how long
// a first visit is kept in ms, and the digest of the post of each read ("" for none).
// Returns granted, used, ms left and begins of each read, in one list. Commands are the
// expensive part of a script, so each path calls as few as possible.
constexpr char kRead[] = R"lua(
  local count, begin, limit = ARGV[1] == '1', ARGV[2] == '1', tonumber(ARGV[3])
  local period, first_visit = tonumber(ARGV[4]), tonumber(ARGV[5])
  local answers = {}
  local function answer(granted, used, left, begins)
    local at = #answers
    answers[at + 1], answers[at + 2], answers[at + 3], answers[at + 4] = granted, used, left, begins
  end
  local function begins(set, first, digest)
    if not begin or redis.call('SADD', set, digest) == 0 then return false end
    local time = set == first and first_visit or period
    if redis.call('PEXPIRE', set, time, 'NX') == 1 then return true end
    -- Another read of this visitor began it a moment ago.
    if redis.call('SCARD', set) > limit then redis.call('SREM', set, digest) end
    return false
  end
  local function read(set, first, digest)
    local used = redis.call('SCARD', set)
    if used == 0 and set ~= first and redis.call('EXISTS', first) == 1 then
      -- The pass has come back: the period runs on from its first read.
      redis.call('RENAME', first, set)
      redis.call('PEXPIRE', set, redis.call('PTTL', set) + period - first_visit)
      used = redis.call('SCARD', set)
    end
    if used == 0 then return answer(0, 0, 0, count and limit > 0 and 1 or 0) end
    local left = math.max(redis.call('PTTL', set), 0)
    if set == first then left = left + period - first_visit end
    if count and used < limit then
      return answer(1, used + redis.call('SADD', set, digest), left, 0)
    end
    local known = digest ~= '' and redis.call('SISMEMBER', set, digest) == 1
    answer(known and 1 or 0, used, left, 0)
  end
  for i = 1, #KEYS / 2 do
    local set, first, digest = KEYS[2 * i - 1], KEYS[2 * i], ARGV[5 + i]
    if begins(set, first, digest) then
      answer(1, 1, period, 0)
    else
      read(set, first, digest)
    end
  end
  return answers
)lua";
constexpr size_t kAnswers = 4;
// At most this many nodes of a Redis cluster can share the meters; each handles tens of
// thousands of reads a second. If the number changes, all meters start from zero.
constexpr int kShards = 4;
// Most reads in one call of the script: Redis serves no other client during a call.
constexpr size_t kMaxPerCall = 200;

int ShardOf(const std::string& pass) { return pass.empty() ? 0 : pass[0] % kShards; }

}  // namespace

RedisMeter::RedisMeter(Redis& redis, const MeterSettings& settings)
    : redis_(redis),
      settings_(settings),
      read_(kRead),
      new_visitors_(redis, "", settings.fresh_passes_per_network) {}

RedisMeter::Asked RedisMeter::AskFor(const VisitorPass& pass, std::string digest) {
  return {.pass = pass.KeyHash(), .digest = std::move(digest), .fresh = pass.fresh};
}

absl::StatusOr<std::vector<RedisMeter::Outcome>> RedisMeter::Ask(const std::vector<Asked>& asked,
                                                                 Use use) {
  const bool count = use == Use::kCount || use == Use::kBegin;
  // By shard, and within one in the order in which they were asked.
  std::map<std::pair<int, size_t>, std::vector<size_t>> by_call;
  for (size_t i = 0; i < asked.size(); ++i) {
    by_call[{ShardOf(asked[i].pass), i / kMaxPerCall}].push_back(i);
  }
  std::vector<RedisScript::Call> calls;
  for (const auto& [shard_and_part, places] : by_call) {
    const int shard = shard_and_part.first;
    RedisScript::Call& call = calls.emplace_back();
    call.arguments = {
        count ? "1" : "0", use == Use::kBegin ? "1" : "0", absl::StrCat(settings_.limit),
        absl::StrCat(absl::ToInt64Milliseconds(settings_.period)),
        absl::StrCat(absl::ToInt64Milliseconds(std::min(settings_.first_visit, settings_.period)))};
    for (const size_t i : places) {
      const std::string key = absl::StrCat("meter:{", shard, "}:", asked[i].pass);
      call.keys.push_back(absl::StrCat(key, asked[i].fresh ? ":first" : ":reads"));
      call.keys.push_back(absl::StrCat(key, ":first"));
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
                     .begins = answer[3].integer == 1};
      answer += kAnswers;
    }
  }
  return outcomes;
}

absl::StatusOr<MeterReading> RedisMeter::AskOne(Asked asked, Use use) {
  ASSIGN_OR_RETURN(const std::vector<Outcome> outcomes, Ask({std::move(asked)}, use));
  return outcomes.front().reading;
}

absl::StatusOr<std::vector<MeterReading>> RedisMeter::ReadAll(const std::vector<MeterRead>& reads) {
  std::vector<Asked> asked;
  for (const MeterRead& read : reads) {
    asked.push_back(AskFor(read.pass, read.pass.Digest(read.post_id.value())));
  }
  ASSIGN_OR_RETURN(const std::vector<Outcome> outcomes, Ask(asked, Use::kCount));
  std::vector<MeterReading> readings;
  std::vector<size_t> places;
  std::vector<NewVisitor> visitors;
  for (size_t i = 0; i < reads.size(); ++i) {
    readings.push_back(outcomes[i].reading);
    if (!outcomes[i].begins) continue;
    places.push_back(i);
    visitors.push_back({reads[i].network, asked[i].pass});
  }
  if (places.empty()) return readings;

  ASSIGN_OR_RETURN(const std::vector<bool> admitted, new_visitors_.Admit(visitors));
  std::vector<size_t> begun;
  std::vector<Asked> again;
  for (size_t k = 0; k < places.size(); ++k) {
    if (admitted[k]) {
      begun.push_back(places[k]);
      again.push_back(std::move(asked[places[k]]));
    } else {
      readings[places[k]] = {.network_limit = true};
    }
  }
  ASSIGN_OR_RETURN(const std::vector<Outcome> beginnings, Ask(again, Use::kBegin));
  for (size_t k = 0; k < begun.size(); ++k) readings[begun[k]] = beginnings[k].reading;
  return readings;
}

absl::StatusOr<MeterReading> RedisMeter::Peek(const VisitorPass& pass, const PostId& post_id) {
  return AskOne(AskFor(pass, pass.Digest(post_id.value())), Use::kPeek);
}

absl::StatusOr<MeterReading> RedisMeter::Look(const VisitorPass& pass) {
  return AskOne(AskFor(pass, ""), Use::kLook);
}

}  // namespace rostrum::subscription
