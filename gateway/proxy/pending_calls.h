#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"

namespace rostrum::gateway {

// The calls that gRPC still has, so that they can be ended before the event
// loops that they resume on go away. Thread-safe.
class PendingCalls {
 public:
  using Call = std::shared_ptr<grpc::ClientContext>;

  void Add(const Call& call) {
    {
      absl::MutexLock lock(&mu_);
      calls_[call.get()] = call;
      if (!stopping_) return;
    }
    call->TryCancel();
  }
  // The last thing that a call does, when gRPC's side has let go of it. It counts
  // as pending until its context is gone: that holds the channel, whose end on a
  // thread of gRPC would have that thread wait for itself.
  void Remove(const grpc::ClientContext* call) {
    Call last;
    {
      absl::MutexLock lock(&mu_);
      last = std::exchange(calls_[call], nullptr);
    }
    last.reset();
    absl::MutexLock lock(&mu_);
    calls_.erase(call);
  }
  // Cancels every call, also those still to come, and waits until gRPC is done
  // with those that there are.
  void CancelAll() {
    // These are let go of before the wait, which they would hold up.
    for (Call& call : Stop()) std::exchange(call, nullptr)->TryCancel();
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(
        +[](Calls* calls) { return calls->empty(); }, &calls_));
  }

 private:
  using Calls = absl::flat_hash_map<const grpc::ClientContext*, Call>;

  std::vector<Call> Stop() {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    std::vector<Call> calls;
    for (const auto& [context, call] : calls_) {
      if (call != nullptr) calls.push_back(call);
    }
    return calls;
  }

  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Calls calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::gateway
