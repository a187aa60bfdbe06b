#include "services/subscription/offer_book.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

// KEYS[1] holds the expiry of the offer in ms. KEYS[2] is given for a pass that has come back
// and holds the expiry that its first visit stored. ARGV: now, pause, duration and how long a
// new offer is kept, in ms; "1" to start one. Returns the expiry, or nothing.
constexpr char kScript[] = R"lua(
  local now, pause = tonumber(ARGV[1]), tonumber(ARGV[2])
  local function keep(expiry, time)
    redis.call('SET', KEYS[1], string.format('%.0f', expiry), 'PX', string.format('%.0f', time))
  end
  local function stands(expiry) return expiry > 0 and now < expiry + pause end
  local expiry = tonumber(redis.call('GET', KEYS[1]) or 0)
  if expiry == 0 and KEYS[2] then
    expiry = tonumber(redis.call('GETDEL', KEYS[2]) or 0)
    if stands(expiry) then keep(expiry, expiry + pause - now) end
  end
  if not stands(expiry) then
    if ARGV[5] ~= '1' then return false end
    expiry = now + tonumber(ARGV[3])
    keep(expiry, tonumber(ARGV[4]))
  end
  return string.format('%.0f', expiry)
)lua";

std::string Millis(absl::Duration time) { return absl::StrCat(absl::ToInt64Milliseconds(time)); }

}  // namespace

RedisOfferBook::RedisOfferBook(Redis& redis, const OfferSettings& settings)
    : redis_(redis),
      settings_(settings),
      script_(kScript),
      new_visitors_(redis, ":offers", settings.new_per_network) {}

RedisScript::Call RedisOfferBook::CallFor(const VisitorPass& pass, absl::Time now,
                                          bool start) const {
  const std::string key = absl::StrCat("offer:{", pass.KeyHash(), "}");
  const std::string first = absl::StrCat(key, ":first");
  const absl::Duration whole = settings_.duration + settings_.pause;
  // Kept for as long again after its end (at most the pause), so that a visitor who comes late
  // sees that the offer is over.
  const absl::Duration of_first_visit =
      settings_.duration + std::min(settings_.duration, settings_.pause);
  RedisScript::Call call;
  call.keys = pass.fresh ? std::vector<std::string>{first} : std::vector<std::string>{key, first};
  call.arguments = {absl::StrCat(absl::ToUnixMillis(now)), Millis(settings_.pause),
                    Millis(settings_.duration), Millis(pass.fresh ? of_first_visit : whole),
                    start ? "1" : "0"};
  return call;
}

absl::StatusOr<std::vector<std::optional<Offer>>> RedisOfferBook::Ask(
    const std::vector<RedisScript::Call>& calls) {
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, script_.RunAll(redis_, calls));
  std::vector<std::optional<Offer>> offers;
  for (const RedisReply& reply : replies) {
    std::optional<Offer>& offer = offers.emplace_back();
    if (reply.IsNil()) continue;
    int64_t expiry = 0;
    if (!absl::SimpleAtoi(reply.text, &expiry)) {
      return absl::InternalError("the offer book answered something else");
    }
    const absl::Time expire_time = absl::FromUnixMillis(expiry);
    offer = Offer{expire_time, expire_time + settings_.pause};
  }
  return offers;
}

absl::StatusOr<std::optional<Offer>> RedisOfferBook::Find(const VisitorPass& pass, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<std::optional<Offer>> offers,
                   Ask({CallFor(pass, now, /*start=*/false)}));
  return offers.front();
}

absl::StatusOr<std::vector<std::optional<Offer>>> RedisOfferBook::FindOrStartAll(
    const std::vector<OfferWanted>& wanted, absl::Time now) {
  std::vector<RedisScript::Call> calls;
  for (const OfferWanted& each : wanted) {
    calls.push_back(CallFor(each.pass, now, /*start=*/false));
  }
  ASSIGN_OR_RETURN(std::vector<std::optional<Offer>> offers, Ask(calls));
  std::vector<size_t> places;
  std::vector<NewVisitor> visitors;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (offers[i].has_value()) continue;
    places.push_back(i);
    visitors.push_back({wanted[i].network, wanted[i].pass.KeyHash()});
  }
  if (places.empty()) return offers;

  ASSIGN_OR_RETURN(const std::vector<bool> admitted, new_visitors_.Admit(visitors));
  std::vector<size_t> begun;
  calls.clear();
  for (size_t k = 0; k < places.size(); ++k) {
    if (!admitted[k]) continue;
    begun.push_back(places[k]);
    calls.push_back(CallFor(wanted[places[k]].pass, now, /*start=*/true));
  }
  ASSIGN_OR_RETURN(const std::vector<std::optional<Offer>> beginnings, Ask(calls));
  for (size_t k = 0; k < begun.size(); ++k) offers[begun[k]] = beginnings[k];
  return offers;
}

}  // namespace rostrum::subscription
