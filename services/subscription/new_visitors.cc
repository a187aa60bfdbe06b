#include "services/subscription/new_visitors.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

// Counts with a HyperLogLog, so that a visitor with several tabs counts once, and no visitor
// can be found in the stored data. KEYS[1]: the HyperLogLog. ARGV: limit, visitors. Returns 1
// for each visitor within the limit, else 0. Far below the limit all visitors are added by one
// command, because counting after each is expensive.
constexpr char kCount[] = R"lua(
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

NewVisitors::NewVisitors(Redis& redis, std::string suffix, int limit)
    : redis_(redis), suffix_(std::move(suffix)), limit_(limit), count_(kCount) {}

absl::StatusOr<std::vector<bool>> NewVisitors::Admit(
    const std::vector<NewVisitor>& visitors) const {
  std::vector<bool> admitted(visitors.size(), true);
  std::map<std::string, std::vector<size_t>> by_network;
  for (size_t i = 0; i < visitors.size(); ++i) {
    if (!visitors[i].network.empty()) by_network[visitors[i].network].push_back(i);
  }
  std::vector<RedisScript::Call> calls;
  for (const auto& [network, places] : by_network) {
    RedisScript::Call& call = calls.emplace_back();
    call.keys = {absl::StrCat("network:{", network, "}", suffix_)};
    call.arguments = {absl::StrCat(limit_)};
    // Under the network's key, which nobody outside knows: whoever could foresee the sketch
    // would send passes that change nothing in it.
    for (const size_t i : places) {
      call.arguments.push_back(Sha256(absl::StrCat(network, visitors[i].pass)));
    }
  }
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, count_.RunAll(redis_, calls));
  auto reply = replies.begin();
  for (const auto& [network, places] : by_network) {
    const std::vector<RedisReply>& within = (reply++)->elements;
    if (within.size() != places.size()) {
      return absl::InternalError("the sketch of a network answered something else");
    }
    for (size_t k = 0; k < places.size(); ++k) admitted[places[k]] = within[k].integer == 1;
  }
  return admitted;
}

}  // namespace rostrum::subscription
