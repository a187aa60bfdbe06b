#pragma once

#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gateway/http/network.h"

namespace rostrum::http {

// Counts connections, in all and by client host. Thread-safe.
class ConnectionLimits {
 public:
  // One counted connection, given back when destroyed.
  class Slot {
   public:
    Slot(Slot&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)), host_(std::move(other.host_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot();

   private:
    friend class ConnectionLimits;
    Slot(ConnectionLimits* limits, std::optional<IpAddress> host)
        : limits_(limits), host_(std::move(host)) {}
    ConnectionLimits* limits_;
    std::optional<IpAddress> host_;
  };
  enum class Refused { kNo, kTotal, kHost };

  // Peers in `exempt` (our proxies) count in the total only.
  ConnectionLimits(int total, int per_host, CidrList exempt)
      : total_limit_(total), host_limit_(per_host), exempt_(std::move(exempt)) {}

  // Nullopt if there is no place left; `refused` then says which limit it was.
  std::optional<Slot> Take(const IpAddress& peer, Refused& refused);

  int count() const;
  // Waits until there are no connections. False if some are left by then.
  bool WaitUntilNone(absl::Duration timeout) const;

 private:
  void GiveBack(const std::optional<IpAddress>& host);

  const int total_limit_;
  const int host_limit_;
  const CidrList exempt_;
  mutable absl::Mutex mu_;
  int total_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<IpAddress, int> by_host_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::http
