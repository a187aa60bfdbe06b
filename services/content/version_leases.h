#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/common/base/lru_cache.h"
#include "services/common/base/worker.h"
#include "services/content/post_store.h"

namespace rostrum::content {

// Which version of a post is the present one, as a store said no longer than the lease
// ago (counted from before it was asked). While posts are read, the store is asked again
// and again whether anything has changed since: as long as nothing has, all leases go on,
// and no reader waits for the store. Thread-safe.
class VersionLeases {
 public:
  using SteadyClock = std::chrono::steady_clock;
  using Versions = std::map<PostId, PostVersion>;

  struct Bounds {
    // Between two looks; the store forgets changes later than this.
    absl::Duration gap = absl::Seconds(10);
    // After so long a version is asked for, whatever was seen: somebody may have changed
    // the database past its triggers.
    absl::Duration ask_again = absl::Minutes(1);
  };
  // Without a lease nothing is held.
  VersionLeases(PostStore& stored, size_t max_bytes, absl::Duration lease);
  VersionLeases(PostStore& stored, size_t max_bytes, absl::Duration lease, const Bounds& bounds);
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
  };
  // For a reader. Null unless the lease runs.
  std::shared_ptr<const Held> Find(const PostId& id);
  // What is left of its lease.
  absl::Duration TimeLeft(const Held& held) const;

  // Asks the store, and holds what it says: the published ones of these posts. An answer
  // that was overtaken by a later one becomes that.
  absl::StatusOr<Versions> Ask(const std::vector<PostId>& ids);

 private:
  void Hold(const PostId& id, SteadyClock::time_point asked, PostVersion& present)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Asks whether anything has changed.
  void Look();

  PostStore& stored_;
  const absl::Duration lease_;
  const std::chrono::nanoseconds gap_, ask_again_;
  LruCache<std::shared_ptr<Held>> held_;
  absl::Mutex mu_;  // of who puts into held_
  std::atomic<SteadyClock::time_point> last_read_ = SteadyClock::time_point();
  // What was asked for since the one is present, or was at the other. Who writes both
  // begins with `unchanged_since_`, who reads both with `unchanged_until_`.
  std::atomic<SteadyClock::time_point> unchanged_since_ = SteadyClock::time_point::max();
  std::atomic<SteadyClock::time_point> unchanged_until_ = SteadyClock::time_point();
  // The last look, of the looker's own.
  std::string seen_;
  SteadyClock::time_point seen_time_ = SteadyClock::time_point();
  std::unique_ptr<Worker> looker_;  // last: it uses all of the above
};

}  // namespace rostrum::content
