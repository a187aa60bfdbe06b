#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/common/base/status.h"

namespace rostrum {

// Batches what several threads want at the same moment. Callers that come while a batch
// runs form the next one, which the first of them runs for all. So each result was computed
// entirely after its caller asked, and nobody waits for a batch to fill. Thread-safe.
template <class Item, class Result>
class Batcher {
 public:
  // Returns one result for each item, in the order of the items. Called on the thread of
  // one of the callers.
  using Work = std::function<std::vector<Result>(const std::vector<Item>&)>;
  explicit Batcher(Work work) : work_(std::move(work)) {}

  // DEADLINE_EXCEEDED if the result did not come within `patience`. A batch that has begun
  // by then still includes this item; one that has not begun leaves it out.
  absl::StatusOr<Result> Do(Item item, absl::Duration patience) {
    const absl::Time deadline = absl::Now() + patience;
    const auto [batch, place] = Join(std::move(item));
    State state = place == 0 ? State::kNoLeader : batch->AwaitOthers(deadline);
    const bool first = state == State::kNoLeader;
    if (first && TakesItsTurn(deadline)) {
      DoAll(*batch);
      state = State::kDone;
    }
    if (state == State::kDone) return std::move(batch->results.at(place));
    Leave(*batch, place, first);
    return OutOfTime("no time is left for this request");
  }

 private:
  enum class State {
    kLed,       // its first caller waits for the batch before, or runs this one
    kNoLeader,  // the first caller ran out of time and left: another is to take over
    kDone
  };

  struct Batch {
    std::map<size_t, Item> items;      // of callers that had not left when it began
    std::map<size_t, Result> results;  // written before kDone
    size_t next_place = 0;
    absl::Mutex mu;
    State state ABSL_GUARDED_BY(mu) = State::kLed;

    bool Changed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) { return state != State::kLed; }

    // kNoLeader is returned to one caller only, which then leads the batch.
    State AwaitOthers(absl::Time deadline) {
      absl::MutexLock lock(&mu);
      mu.AwaitWithDeadline(absl::Condition(this, &Batch::Changed), deadline);
      const State found = state;
      if (found == State::kNoLeader) state = State::kLed;
      return found;
    }

    void Become(State changed) {
      absl::MutexLock lock(&mu);
      state = changed;
    }
  };

  std::pair<std::shared_ptr<Batch>, size_t> Join(Item item) {
    absl::MutexLock lock(&mu_);
    if (waiting_ == nullptr) waiting_ = std::make_shared<Batch>();
    const size_t place = waiting_->next_place++;
    waiting_->items.emplace(place, std::move(item));
    return {waiting_, place};
  }

  bool IsIdle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !busy_; }

  // Called by the first caller of a batch. Waits until the batch before has ended; false if
  // that takes too long.
  bool TakesItsTurn(absl::Time deadline) {
    absl::MutexLock lock(&mu_);
    if (!mu_.AwaitWithDeadline(absl::Condition(this, &Batcher::IsIdle), deadline)) return false;
    busy_ = true;
    waiting_ = nullptr;
    return true;
  }

  // noexcept, because other threads wait for the result: an exception of `work_` ends the
  // process.
  void DoAll(Batch& batch) noexcept {
    std::vector<Item> items;
    items.reserve(batch.items.size());
    for (auto& [place, item] : batch.items) items.push_back(std::move(item));
    std::vector<Result> results = work_(items);
    size_t next = 0;
    for (const auto& [place, item] : batch.items) {
      batch.results.emplace(place, std::move(results.at(next++)));
    }
    {
      absl::MutexLock lock(&mu_);
      busy_ = false;
    }
    batch.Become(State::kDone);
  }

  void Leave(Batch& batch, size_t place, bool first) {
    {
      absl::MutexLock lock(&mu_);
      if (waiting_.get() != &batch) return;
      batch.items.erase(place);
      if (batch.items.empty()) waiting_ = nullptr;
    }
    if (first) batch.Become(State::kNoLeader);
  }

  const Work work_;
  absl::Mutex mu_;
  // While a batch waits, mu_ guards all of it but its state.
  std::shared_ptr<Batch> waiting_ ABSL_GUARDED_BY(mu_);
  bool busy_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace rostrum
