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

// Holds the current versions of posts under leases. A version may be used while its lease
// runs: for `lease` from the moment before the store was asked for it. While posts are
// read, a background thread (Look) asks the store again and again whether any post has
// changed since the last look. As long as none has, it extends all leases at once, and no
// reader waits for the store. Thread-safe.
class VersionLeases {
 public:
  using SteadyClock = std::chrono::steady_clock;
  using Versions = std::map<PostId, PostVersion>;

  struct Bounds {
    // If two looks are further apart than this, the second counts as having seen a change.
    // The store keeps its record of changes for longer.
    absl::Duration gap = absl::Seconds(10);
    // After this time a version is asked for again even if no look saw a change, because
    // somebody may have changed the database without firing its triggers.
    absl::Duration ask_again = absl::Minutes(1);
  };
  // With a lease of zero no version is held.
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
  // The version for a reader; null unless its lease runs.
  std::shared_ptr<const Held> Find(const PostId& id);
  // The time that is left of its lease.
  absl::Duration TimeLeft(const Held& held) const;

  // Asks the store for the versions of these posts, holds them and returns them, without
  // posts that are not published. If a later answer for a post has arrived before this one,
  // the later one is returned.
  absl::StatusOr<Versions> Ask(const std::vector<PostId>& ids);

 private:
  void Hold(const PostId& id, SteadyClock::time_point asked, PostVersion& present)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Asks the store whether any post has changed, and extends all leases if none has.
  void Look();

  PostStore& stored_;
  const absl::Duration lease_;
  const std::chrono::nanoseconds gap_, ask_again_;
  LruCache<std::shared_ptr<Held>> held_;
  absl::Mutex mu_;  // held while putting into held_
  std::atomic<SteadyClock::time_point> last_read_ = SteadyClock::time_point();
  // Versions that were asked for at or after `unchanged_since_` were still current at
  // `unchanged_until_`. To keep the pair consistent without a lock, Look writes
  // `unchanged_since_` first, and TimeLeft reads `unchanged_until_` first.
  std::atomic<SteadyClock::time_point> unchanged_since_ = SteadyClock::time_point::max();
  std::atomic<SteadyClock::time_point> unchanged_until_ = SteadyClock::time_point();
  // State and time of the last look. Used by the looker's thread only.
  std::string seen_;
  SteadyClock::time_point seen_time_ = SteadyClock::time_point();
  std::unique_ptr<Worker> looker_;  // last: it uses all of the above
};

}  // namespace rostrum::content
