#pragma once

#include <algorithm>
#include <cstddef>

#include "absl/time/time.h"

namespace rostrum::comment {

// How many comments a batch may have so that it is written in time. Batches grow with the load:
// on a slow database one would become so large that all of it fails, and so would the next.
// Used by one thread at a time.
class BatchSize {
 public:
  // `time` is what a batch may take.
  explicit BatchSize(absl::Duration time) : time_(time) {}

  size_t most() const {
    const absl::Duration each = std::min(latest_, before_);
    if (each <= absl::ZeroDuration()) return kMost;
    return static_cast<size_t>(
        std::clamp(absl::FDivDuration(time_ / 2, each), double{kLeast}, double{kMost}));
  }

  // Notes how long a batch took. The faster of two counts, because a single one may have been
  // held up; but one that was cut off has said enough. Of a few that did not take long, the
  // commit took most.
  void Took(size_t comments, absl::Duration took) {
    absl::Duration each =
        std::max(absl::ZeroDuration(), took - kCommit) / static_cast<double>(comments);
    if (comments < kFew && took < kShortly) each = absl::ZeroDuration();
    before_ = latest_;
    latest_ = each;
    if (took > time_ * 0.9) latest_ = before_ = 2 * each;
  }

 private:
  static constexpr size_t kLeast = 4;
  static constexpr size_t kMost = 256;
  // What a commit may take however many it writes; with a database far away, longer.
  static constexpr absl::Duration kCommit = absl::Milliseconds(20);
  static constexpr size_t kFew = 3;
  static constexpr absl::Duration kShortly = absl::Milliseconds(150);

  const absl::Duration time_;
  absl::Duration latest_, before_;  // for each comment
};

}  // namespace rostrum::comment
