#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"

namespace rostrum::gateway {

// The calls that gRPC has not finished, so that they can be ended before the event loops
// that they resume on are destroyed. Thread-safe.
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
  // Called last, when gRPC is done with the call. CancelAll waits also for the end of its context,
  // which holds the channel: if the last reference to the channel were dropped on a thread of
  // gRPC, that thread would wait for itself.
  void Remove(const grpc::ClientContext* call) {
    Call last;
    {
      absl::MutexLock lock(&mu_);
      // Not after its end: another call may have its address by then.
      last = std::move(calls_.extract(call).mapped());
      ++ending_;
    }
    last.reset();
    absl::MutexLock lock(&mu_);
    --ending_;
  }
  // Cancels every call, also those that are added later, and waits until gRPC has finished
  // those that exist.
  void CancelAll() {
    // Our references are dropped before the wait, which they would otherwise block.
    for (Call& call : Stop()) std::exchange(call, nullptr)->TryCancel();
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &PendingCalls::Done));
  }

 private:
  bool Done() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return calls_.empty() && ending_ == 0; }

  std::vector<Call> Stop() {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    std::vector<Call> calls;
    for (const auto& [context, call] : calls_) calls.push_back(call);
    return calls;
  }

  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_map<const grpc::ClientContext*, Call> calls_ ABSL_GUARDED_BY(mu_);
  int ending_ ABSL_GUARDED_BY(mu_) = 0;  // finished calls whose contexts are not gone yet
};

}  // namespace rostrum::gateway
