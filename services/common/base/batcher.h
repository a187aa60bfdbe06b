#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "services/common/base/status.h"

namespace rostrum {

// Does together what several threads want at the same moment. Whoever comes while a
// batch is being done waits for the next one, which the first of them does for all: so
// what each gets was found out wholly after it asked, and nobody waits for company.
// Thread-safe.
template <class Item, class Result>
class Batcher {
 public:
  // Answers each item, in their order. On a thread of one of the callers.
  using Work = std::function<std::vector<Result>(const std::vector<Item>&)>;
  explicit Batcher(Work work) : work_(std::move(work)) {}

  // DEADLINE_EXCEEDED if the batch takes longer than `patience`; it is done all the same.
  absl::StatusOr<Result> Do(Item item, absl::Duration patience) {
    std::shared_ptr<Batch> batch;
    size_t place = 0;
    {
      absl::MutexLock lock(&mu_);
      if (waiting_ == nullptr) waiting_ = std::make_shared<Batch>();
      batch = waiting_;
      place = batch->items.size();
      batch->items.push_back(std::move(item));
      if (place == 0) {
        // Its turn comes: what is being done has deadlines of its own.
        mu_.Await(absl::Condition(this, &Batcher::IsIdle));
        busy_ = true;
        waiting_ = nullptr;
      }
    }
    if (place == 0) {
      DoAll(*batch);
    } else if (!batch->done.WaitForNotificationWithTimeout(patience)) {
      return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                   "no time is left for this request");
    }
    return batch->results[place];
  }

 private:
  struct Batch {
    std::vector<Item> items;
    std::vector<Result> results;  // written before `done`
    absl::Notification done;
  };

  bool IsIdle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !busy_; }

  // Others wait for it: what it throws ends the process.
  void DoAll(Batch& batch) noexcept {
    batch.results = work_(batch.items);
    {
      absl::MutexLock lock(&mu_);
      busy_ = false;
    }
    batch.done.Notify();
  }

  const Work work_;
  absl::Mutex mu_;
  std::shared_ptr<Batch> waiting_ ABSL_GUARDED_BY(mu_);
  bool busy_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace rostrum
