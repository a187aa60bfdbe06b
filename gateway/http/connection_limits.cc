#include "gateway/http/connection_limits.h"

namespace rostrum::http {

ConnectionLimits::Slot::~Slot() {
  if (limits_ != nullptr) limits_->GiveBack(host_);
}

std::optional<ConnectionLimits::Slot> ConnectionLimits::Take(const IpAddress& peer,
                                                             Refused& refused) {
  refused = Refused::kNo;
  std::optional<IpAddress> host;
  if (!exempt_.Contains(peer)) host = peer.Host();
  absl::MutexLock lock(&mu_);
  if (total_ >= total_limit_) {
    refused = Refused::kTotal;
    return std::nullopt;
  }
  if (host.has_value()) {
    int& count = by_host_[*host];
    if (count >= host_limit_) {
      refused = Refused::kHost;
      return std::nullopt;
    }
    ++count;
  }
  ++total_;
  return Slot(this, std::move(host));
}

void ConnectionLimits::GiveBack(const std::optional<IpAddress>& host) {
  absl::MutexLock lock(&mu_);
  --total_;
  if (!host.has_value()) return;
  const auto found = by_host_.find(*host);
  if (--found->second == 0) by_host_.erase(found);
}

int ConnectionLimits::count() const {
  absl::MutexLock lock(&mu_);
  return total_;
}

bool ConnectionLimits::WaitUntilNone(absl::Duration timeout) const {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(
                                  +[](const int* total) { return *total == 0; }, &total_),
                              timeout);
}

}  // namespace rostrum::http
