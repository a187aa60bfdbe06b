#include "services/subscription/offer_book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::subscription {
namespace {

std::string Millis(absl::Duration time) { return absl::StrCat(absl::ToInt64Milliseconds(time)); }

// The key of the offer. For a pass that has come back also that of its first visit.
std::vector<std::string> KeysOf(const VisitorPass& pass) {
  const std::string key = absl::StrCat("offer:{", pass.KeyHash(), "}");
  const std::string first = absl::StrCat(key, ":first");
  return pass.fresh ? std::vector<std::string>{first} : std::vector<std::string>{key, first};
}

}  // namespace

RedisOfferBook::RedisOfferBook(Redis& redis, const OfferSettings& settings)
    : redis_(redis),
      settings_(settings),
      new_visitors_(redis, ":offers", settings.new_per_network) {}

absl::StatusOr<std::optional<Offer>> RedisOfferBook::Read(const RedisReply& reply) const {
  if (reply.IsNil()) return std::nullopt;
  int64_t expiry = 0;
  if (!absl::SimpleAtoi(reply.text, &expiry)) {
    return absl::InternalError("the offer book answered something else");
  }
  const absl::Time expire_time = absl::FromUnixMillis(expiry);
  return Offer{expire_time, expire_time + settings_.pause};
}

absl::StatusOr<std::vector<RedisOfferBook::Found>> RedisOfferBook::FindAll(
    const std::vector<VisitorPass>& passes, absl::Time now) {
  std::vector<std::vector<std::string>> reads;
  for (const VisitorPass& pass : passes) {
    std::vector<std::string> read = KeysOf(pass);
    read.insert(read.begin(), "MGET");
    reads.push_back(std::move(read));
  }
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, redis_.Pipeline(reads));
  std::vector<Found> found;
  std::vector<std::vector<std::string>> moves, former;
  for (size_t i = 0; i < passes.size(); ++i) {
    const std::vector<RedisReply>& values = replies[i].elements;
    if (values.empty()) return absl::InternalError("the offer book answered something else");
    ASSIGN_OR_RETURN(std::optional<Offer> offer, Read(values.front()));
    const bool has_own = offer.has_value();
    if (!has_own) {
      ASSIGN_OR_RETURN(offer, Read(values.back()));
    }
    if (!offer.has_value() || now >= offer->next_time) {
      found.push_back({.is_over = has_own});
      continue;
    }
    found.push_back({.offer = offer});
    if (has_own) continue;
    // The pass has come back. Others may do the same for it at this moment.
    const std::vector<std::string>& keys = reads[i];
    moves.push_back({"SET", keys[1], values.back().text, "NX", "PX",
                     Millis(std::max(offer->next_time - now, absl::Milliseconds(1)))});
    former.push_back({"DEL", keys[2]});
  }
  // Deleted only once it is stored: a Redis that is full refuses SET and carries out DEL. What
  // fails is done by the next read of the pass.
  if (redis_.Pipeline(moves).ok()) redis_.Pipeline(former).IgnoreError();
  return found;
}

absl::StatusOr<std::vector<Offer>> RedisOfferBook::StartAll(const std::vector<Start>& starts,
                                                            absl::Time now) {
  // Kept for as long again after its end (at most the pause), so that a visitor who comes late
  // sees that the offer is over.
  const absl::Duration of_first_visit =
      settings_.duration + std::min(settings_.duration, settings_.pause);
  const absl::Duration whole = settings_.duration + settings_.pause;
  const absl::Time expire_time = absl::FromUnixMillis(absl::ToUnixMillis(now + settings_.duration));
  const std::string expiry = absl::StrCat(absl::ToUnixMillis(expire_time));
  std::vector<std::vector<std::string>> commands;
  for (const Start& start : starts) {
    const std::string key = KeysOf(start.pass).front();
    // Redis has deleted it by itself, if its clock does not differ.
    if (start.is_over) commands.push_back({"DEL", key});
    commands.push_back(
        {"SET", key, expiry, "NX", "GET", "PX", Millis(start.pass.fresh ? of_first_visit : whole)});
  }
  ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, redis_.Pipeline(commands));
  std::vector<Offer> offers;
  for (size_t i = 0; i < commands.size(); ++i) {
    if (commands[i][0] != "SET") continue;
    // Not nil if another read of the visitor has started it meanwhile.
    ASSIGN_OR_RETURN(const std::optional<Offer> started, Read(replies[i]));
    offers.push_back(started.value_or(Offer{expire_time, expire_time + settings_.pause}));
  }
  return offers;
}

absl::StatusOr<std::optional<Offer>> RedisOfferBook::Find(const VisitorPass& pass, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<Found> found, FindAll({pass}, now));
  return found.front().offer;
}

absl::StatusOr<std::vector<std::optional<Offer>>> RedisOfferBook::FindOrStartAll(
    const std::vector<OfferWanted>& wanted, absl::Time now) {
  std::vector<VisitorPass> passes;
  for (const OfferWanted& each : wanted) passes.push_back(each.pass);
  ASSIGN_OR_RETURN(const std::vector<Found> found, FindAll(passes, now));
  std::vector<std::optional<Offer>> offers;
  std::vector<size_t> places;
  std::vector<NewVisitor> visitors;
  for (size_t i = 0; i < wanted.size(); ++i) {
    offers.push_back(found[i].offer);
    if (offers[i].has_value()) continue;
    places.push_back(i);
    visitors.push_back({wanted[i].network, passes[i].KeyHash()});
  }
  if (places.empty()) return offers;

  ASSIGN_OR_RETURN(const std::vector<bool> admitted, new_visitors_.Admit(visitors));
  std::vector<size_t> started;
  std::vector<Start> starts;
  for (size_t k = 0; k < places.size(); ++k) {
    if (!admitted[k]) continue;
    started.push_back(places[k]);
    starts.push_back({passes[places[k]], found[places[k]].is_over});
  }
  ASSIGN_OR_RETURN(const std::vector<Offer> beginnings, StartAll(starts, now));
  for (size_t k = 0; k < started.size(); ++k) offers[started[k]] = beginnings[k];
  return offers;
}

}  // namespace rostrum::subscription
