#include "gateway/http/body_memory.h"

namespace rostrum::http {

bool BodyMemory::HasRoom(const std::optional<IpAddress>& client, size_t bytes) const {
  if (used_ + bytes > most_) return false;
  if (!client.has_value()) return true;
  const auto found = by_client_.find(*client);
  return (found == by_client_.end() ? 0 : found->second) + bytes <= most_of_client_;
}

bool BodyMemory::Fits(const std::optional<IpAddress>& client, size_t bytes) const {
  absl::MutexLock lock(&mu_);
  return HasRoom(client, bytes);
}

bool BodyMemory::Take(const std::optional<IpAddress>& client, size_t bytes) {
  absl::MutexLock lock(&mu_);
  if (!HasRoom(client, bytes)) return false;
  used_ += bytes;
  if (client.has_value()) by_client_[*client] += bytes;
  return true;
}

void BodyMemory::GiveBack(const std::optional<IpAddress>& client, size_t bytes) {
  if (bytes == 0) return;
  absl::MutexLock lock(&mu_);
  used_ -= bytes;
  if (!client.has_value()) return;
  const auto found = by_client_.find(*client);
  found->second -= bytes;
  if (found->second == 0) by_client_.erase(found);
}

}  // namespace rostrum::http
