#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "services/common/base/lru_cache.h"
#include "services/common/base/worker.h"
#include "services/content/post_store.h"

namespace rostrum::content {

// Which version of a post is the present one, as a store said no longer than the lease
// ago (counted from before it was asked). Those that are read again and again are asked
// for together before their lease ends, so that their readers never wait for the store.
// Thread-safe.
class VersionLeases {
 public:
  using SteadyClock = std::chrono::steady_clock;
  using Versions = std::map<PostId, PostVersion>;

  // Without a lease nothing is held.
  VersionLeases(PostStore& stored, size_t max_bytes, absl::Duration lease);
  bool AreGiven() const { return lease_ > absl::ZeroDuration(); }

  class Held {
   public:
    Held(PostVersion present, SteadyClock::time_point asked)
        : present_(std::move(present)), asked_(asked), answered_(SteadyClock::now()) {}
    const PostVersion& present() const { return present_; }

   private:
    friend class VersionLeases;
    const PostVersion present_;
    const SteadyClock::time_point asked_;
    const SteadyClock::time_point answered_;
    // When it was last read, and when before: of use only to guess what will be read.
    std::atomic<SteadyClock::time_point> read_ = SteadyClock::time_point();
    std::atomic<SteadyClock::time_point> read_before_ = SteadyClock::time_point();
  };
  // For a reader. Null unless the lease runs.
  std::shared_ptr<const Held> Find(const PostId& id);
  // What is left of its lease.
  absl::Duration TimeLeft(const Held& held) const {
    return lease_ - absl::FromChrono(SteadyClock::now() - held.asked_);
  }

  // Asks the store, and holds what it says: the published ones of these posts. An answer
  // that was overtaken by a later one becomes that.
  absl::StatusOr<Versions> Ask(const std::vector<PostId>& ids);

 private:
  void NoteRead(Held& held) const;
  void Hold(const PostId& id, SteadyClock::time_point asked, PostVersion& present)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Asks for those whose lease ends soon.
  void Renew();
  std::vector<PostId> Due();

  PostStore& stored_;
  const absl::Duration lease_;
  LruCache<std::shared_ptr<Held>> held_;
  absl::Mutex mu_;  // of who puts into held_
  absl::flat_hash_set<PostId> renewed_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<Worker> renewer_;  // last: it uses all of the above
};

}  // namespace rostrum::content
