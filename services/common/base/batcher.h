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

  // DEADLINE_EXCEEDED after waiting for others as long as `patience`. What had begun by
  // then is done all the same, what had not is not.
  absl::StatusOr<Result> Do(Item item, absl::Duration patience) {
    const absl::Time deadline = absl::Now() + patience;
    const auto [batch, place] = Join(std::move(item));
    State state = place == 0 ? State::kUnled : batch->AwaitOthers(deadline);
    const bool first = state == State::kUnled;
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
    kLed,    // its first caller waits for its turn, or does it
    kUnled,  // that one has left: another is to be the first
    kDone
  };

  struct Batch {
    std::map<size_t, Item> items;      // of those who had not left when it began
    std::map<size_t, Result> results;  // written before kDone
    size_t next_place = 0;
    absl::Mutex mu;
    State state ABSL_GUARDED_BY(mu) = State::kLed;

    bool Changed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) { return state != State::kLed; }

    // Says kUnled to one caller only.
    State AwaitOthers(absl::Time deadline) {
      absl::MutexLock lock(&mu);
      mu.AwaitWithDeadline(absl::Condition(this, &Batch::Changed), deadline);
      const State found = state;
      if (found == State::kUnled) state = State::kLed;
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

  // For the first of those who wait. False if it does not come in time.
  bool TakesItsTurn(absl::Time deadline) {
    absl::MutexLock lock(&mu_);
    if (!mu_.AwaitWithDeadline(absl::Condition(this, &Batcher::IsIdle), deadline)) return false;
    busy_ = true;
    waiting_ = nullptr;
    return true;
  }

  // Others wait for it: what it throws ends the process.
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
    if (first) batch.Become(State::kUnled);
  }

  const Work work_;
  absl::Mutex mu_;
  // Of a batch that waits this guards all but the state.
  std::shared_ptr<Batch> waiting_ ABSL_GUARDED_BY(mu_);
  bool busy_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace rostrum
