#include "services/content/version_leases.h"

#include <algorithm>
#include <utility>

#include "services/common/rpc/request_context.h"

namespace rostrum::content {
namespace {

// The database is asked for changes only if a post was read within this time.
constexpr std::chrono::seconds kIdle(1);
constexpr absl::Duration kShortest = absl::Milliseconds(10);  // between two looks for changes
constexpr absl::Duration kLookTime = absl::Seconds(1);

}  // namespace

VersionLeases::VersionLeases(PostStore& stored, size_t max_bytes, absl::Duration lease)
    : VersionLeases(stored, max_bytes, lease, Bounds()) {}

VersionLeases::VersionLeases(PostStore& stored, size_t max_bytes, absl::Duration lease,
                             const Bounds& bounds)
    : stored_(stored),
      lease_(lease),
      gap_(absl::ToChronoNanoseconds(bounds.gap)),
      ask_again_(absl::ToChronoNanoseconds(bounds.ask_again)),
      held_(max_bytes) {
  if (!AreGiven()) return;
  looker_ = std::make_unique<Worker>("version-leases", std::max(lease_ / 4, kShortest), [this] {
    if (SteadyClock::now() - last_read_.load(std::memory_order_relaxed) < kIdle) Look();
    return absl::OkStatus();
  });
}

std::shared_ptr<const VersionLeases::Held> VersionLeases::Find(const PostId& id) {
  std::shared_ptr<Held> held = held_.Find(id.value());
  if (held == nullptr) return nullptr;
  const SteadyClock::time_point now = SteadyClock::now();
  // Written only now and then, because all threads read it.
  if (now - last_read_.load(std::memory_order_relaxed) > kIdle / 10) {
    last_read_.store(now, std::memory_order_relaxed);
  }
  return TimeLeft(*held) > absl::ZeroDuration() ? held : nullptr;
}

absl::Duration VersionLeases::TimeLeft(const Held& held) const {
  const SteadyClock::time_point until = unchanged_until_.load(std::memory_order_acquire);
  const SteadyClock::time_point since = unchanged_since_.load(std::memory_order_acquire);
  SteadyClock::time_point present = held.asked_;
  if (held.asked_ >= since) {
    present = std::max(present, std::min<SteadyClock::time_point>(until, present + ask_again_));
  }
  return lease_ - absl::FromChrono(SteadyClock::now() - present);
}

absl::StatusOr<VersionLeases::Versions> VersionLeases::Ask(const std::vector<PostId>& ids) {
  const SteadyClock::time_point asked = SteadyClock::now();
  auto found = stored_.GetVersions(ids);
  if (!found.ok() || !AreGiven()) return found;
  absl::MutexLock lock(&mu_);
  for (auto& [id, present] : *found) Hold(id, asked, present);
  return found;
}

void VersionLeases::Hold(const PostId& id, SteadyClock::time_point asked, PostVersion& present) {
  const auto before = held_.Find(id.value());
  // If two queries overlap, the one with the higher version saw the later state, and saw it
  // after both had been sent. Without overlap the later query counts, even with a lower
  // version: the database may have been restored.
  if (before != nullptr && asked < before->answered_) {
    if (before->present_.version > present.version) present = before->present_;
    if (before->present_.version == present.version) asked = std::max(asked, before->asked_);
  }
  held_.Put(id.value(), std::make_shared<Held>(present, asked),
            sizeof(Held) + 3 * id.value().size());
}

void VersionLeases::Look() {
  const ScopedBatchContext context(kLookTime);
  const SteadyClock::time_point asked = SteadyClock::now();
  auto look = stored_.LookForChanges(seen_);
  // Without an answer leases end, and reads ask the database.
  if (!look.ok()) return;
  const SteadyClock::time_point answered = SteadyClock::now();
  if (look->changed || answered - seen_time_ > gap_) {
    unchanged_since_.store(answered, std::memory_order_release);
  }
  unchanged_until_.store(asked, std::memory_order_release);
  seen_ = std::move(look->state);
  seen_time_ = asked;
}

}  // namespace rostrum::content
