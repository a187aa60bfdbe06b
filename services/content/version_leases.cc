#include "services/content/version_leases.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "services/common/rpc/request_context.h"

namespace rostrum::content {
namespace {

// What was read twice within so long is renewed: it will be read again.
constexpr std::chrono::seconds kReadAgain(1);
// More posts than this are not renewed, and so many of them are asked for by one query.
constexpr size_t kMaxRenewed = 4'000;
constexpr ptrdiff_t kMaxAsked = 500;
constexpr absl::Duration kRenewalTime = absl::Seconds(1);

}  // namespace

VersionLeases::VersionLeases(PostStore& stored, size_t max_bytes, absl::Duration lease)
    : stored_(stored), lease_(lease), held_(max_bytes) {
  if (!AreGiven()) return;
  renewer_ = std::make_unique<Worker>("version-renewal", lease_ / 4, [this] {
    Renew();
    return absl::OkStatus();
  });
}

std::shared_ptr<const VersionLeases::Held> VersionLeases::Find(const PostId& id) {
  const std::shared_ptr<Held> held = held_.Find(id.value());
  if (held == nullptr) return nullptr;
  NoteRead(*held);
  return TimeLeft(*held) > absl::ZeroDuration() ? held : nullptr;
}

void VersionLeases::NoteRead(Held& held) const {
  const SteadyClock::time_point now = SteadyClock::now();
  const SteadyClock::time_point last = held.read_;
  // One request, or one batch, looks more than once.
  if (absl::FromChrono(now - last) < lease_ / 8) return;
  held.read_before_ = last;
  held.read_ = now;
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
  // Of two questions at the same moment the one with the later answer saw the later state,
  // and saw it after both were asked. A database that was restored is believed.
  if (before != nullptr && asked < before->answered_) {
    if (before->present_.version > present.version) present = before->present_;
    if (before->present_.version == present.version) asked = std::max(asked, before->asked_);
  }
  auto held = std::make_shared<Held>(present, asked);
  if (before != nullptr) {
    held->read_.store(before->read_);
    held->read_before_.store(before->read_before_);
  }
  held_.Put(id.value(), std::move(held), sizeof(Held) + 3 * id.value().size());
  if (renewed_.size() < kMaxRenewed) renewed_.insert(id);
}

std::vector<PostId> VersionLeases::Due() {
  const SteadyClock::time_point now = SteadyClock::now();
  std::vector<PostId> due;
  absl::MutexLock lock(&mu_);
  absl::erase_if(renewed_, [&](const PostId& id) {
    const auto held = held_.Find(id.value());
    if (held == nullptr) return true;
    const absl::Duration left = TimeLeft(*held);
    if (left <= absl::ZeroDuration()) return true;
    const bool read_again = now - held->read_before_.load() < kReadAgain;
    if (read_again && left <= lease_ / 2) due.push_back(id);
    return false;
  });
  return due;
}

void VersionLeases::Renew() {
  const std::vector<PostId> due = Due();
  for (auto begin = due.begin(); begin != due.end();) {
    const auto end = begin + std::min(kMaxAsked, due.end() - begin);
    const ScopedBatchContext context(kRenewalTime);
    // Without an answer their leases end, and who reads them asks.
    if (!Ask({begin, end}).ok()) return;
    begin = end;
  }
}

}  // namespace rostrum::content
