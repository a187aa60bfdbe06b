#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/client_context.h"

namespace rostrum::gateway {

// The calls that gRPC still has, so that they can be ended before the event
// loops that they resume on go away. Thread-safe.
class PendingCalls {
 public:
  void Add(grpc::ClientContext* call) {
    absl::MutexLock lock(&mu_);
    calls_.insert(call);
    if (stopping_) call->TryCancel();
  }
  // The last thing that a call does.
  void Remove(grpc::ClientContext* call) {
    absl::MutexLock lock(&mu_);
    calls_.erase(call);
  }
  // Cancels every call, also those still to come, and waits until gRPC is done
  // with those that there are.
  void CancelAll() {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    for (grpc::ClientContext* call : calls_) call->TryCancel();
    mu_.Await(absl::Condition(
        +[](absl::flat_hash_set<grpc::ClientContext*>* calls) { return calls->empty(); }, &calls_));
  }

 private:
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::gateway
