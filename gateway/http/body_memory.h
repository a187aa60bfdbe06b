#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "gateway/http/network.h"

namespace rostrum::http {

// A limit on the memory that all bodies of one kind hold together, and each client of it.
// Thread-safe.
class BodyMemory {
 public:
  BodyMemory(size_t most, size_t most_of_client) : most_(most), most_of_client_(most_of_client) {}

  // The memory of one body, given back when destroyed. It grows with the bytes that have
  // arrived: a client that announces a large body and sends none takes no memory from
  // others.
  class Share {
   public:
    // Nullopt is for proxies, which stand for many clients.
    Share(BodyMemory& memory, std::optional<IpAddress> client)
        : memory_(memory), client_(std::move(client)) {}
    ~Share() { memory_.GiveBack(client_, taken_); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Whether there is room for so many bytes at this moment.
    bool Fits(size_t bytes) const { return memory_.Fits(client_, bytes); }
    // False, and nothing is taken, if there is none.
    bool Grow(size_t bytes) {
      if (!memory_.Take(client_, bytes)) return false;
      taken_ += bytes;
      return true;
    }

   private:
    BodyMemory& memory_;
    const std::optional<IpAddress> client_;
    size_t taken_ = 0;
  };

 private:
  bool Fits(const std::optional<IpAddress>& client, size_t bytes) const;
  bool Take(const std::optional<IpAddress>& client, size_t bytes);
  void GiveBack(const std::optional<IpAddress>& client, size_t bytes);
  bool HasRoom(const std::optional<IpAddress>& client, size_t bytes) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t most_;
  const size_t most_of_client_;
  mutable absl::Mutex mu_;
  size_t used_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<IpAddress, size_t> by_client_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::http
