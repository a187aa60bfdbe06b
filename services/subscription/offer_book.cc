#include "services/subscription/offer_book.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

// KEYS[1] holds the expiry in ms. ARGV: now, duration and pause in ms, "1" to
// start one. Returns the expiry, or nothing.
constexpr char kScript[] = R"lua(
  local now, duration, pause = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
  local expiry = tonumber(redis.call('GET', KEYS[1]) or 0)
  if expiry > 0 and now < expiry + pause then return string.format('%.0f', expiry) end
  if ARGV[4] ~= '1' then return false end
  expiry = string.format('%.0f', now + duration)
  redis.call('SET', KEYS[1], expiry, 'PX', string.format('%.0f', duration + pause))
  return expiry
)lua";

}  // namespace

RedisOfferBook::RedisOfferBook(Redis& redis, const OfferSettings& settings)
    : redis_(redis), settings_(settings), script_(kScript) {}

RedisScript::Call RedisOfferBook::CallFor(const VisitorPass& pass, absl::Time now,
                                          bool start) const {
  return {
      .keys = {absl::StrCat("offer:{", pass.KeyHash(), "}")},
      .arguments = {absl::StrCat(absl::ToUnixMillis(now)),
                    absl::StrCat(absl::ToInt64Milliseconds(settings_.duration)),
                    absl::StrCat(absl::ToInt64Milliseconds(settings_.pause)), start ? "1" : "0"}};
}

absl::StatusOr<std::optional<Offer>> RedisOfferBook::ReadReply(const RedisReply& reply) const {
  if (reply.IsNil()) return std::nullopt;
  int64_t expiry = 0;
  if (!absl::SimpleAtoi(reply.text, &expiry)) {
    return absl::InternalError("the offer book answered something else");
  }
  const absl::Time expire_time = absl::FromUnixMillis(expiry);
  return Offer{expire_time, expire_time + settings_.pause};
}

absl::StatusOr<std::optional<Offer>> RedisOfferBook::Find(const VisitorPass& pass, absl::Time now) {
  const RedisScript::Call call = CallFor(pass, now, /*start=*/false);
  ASSIGN_OR_RETURN(const RedisReply reply, script_.Run(redis_, call.keys, call.arguments));
  return ReadReply(reply);
}

absl::StatusOr<std::vector<Offer>> RedisOfferBook::FindOrStartAll(
    const std::vector<VisitorPass>& passes, absl::Time now) {
  std::vector<RedisScript::Call> calls;
  for (const VisitorPass& pass : passes) calls.push_back(CallFor(pass, now, /*start=*/true));
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, script_.RunAll(redis_, calls));
  std::vector<Offer> offers;
  for (const RedisReply& reply : replies) {
    ASSIGN_OR_RETURN(const std::optional<Offer> offer, ReadReply(reply));
    if (!offer.has_value()) return absl::InternalError("an offer did not start");
    offers.push_back(*offer);
  }
  return offers;
}

}  // namespace rostrum::subscription
