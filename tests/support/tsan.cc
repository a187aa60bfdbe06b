// What ThreadSanitizer must know, in builds with SANITIZE=thread only.
//
// First of absl::Mutex and absl::CondVar. Debian's abseil and gRPC are not instrumented: without
// this, all that our code and gRPC guard with these mutexes looks like a race,
// and to suppress that by library would hide races in handlers, which run on
// gRPC's threads. Symbols of the executable come before those of libraries, so
// these stand in front of abseil's, for gRPC's calls as well.
//
// Then of gRPC's completion queues, which hand what a caller wrote to the thread that
// calls it back: not always by way of such a mutex.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdlib>

#include "absl/synchronization/mutex.h"
#include "grpc/grpc.h"

namespace {

// Functions of abseil that call one another are one step to TSan.
thread_local int depth = 0;

class Step {
 public:
  Step() { ++depth; }
  ~Step() { --depth; }
  bool outermost() const { return depth == 1; }
};

class Locking {
 public:
  Locking(void* mutex, unsigned flags) : mutex_(mutex), flags_(flags) {
    if (step_.outermost()) __tsan_mutex_pre_lock(mutex_, flags_);
  }
  void Failed() { flags_ |= __tsan_mutex_try_lock_failed; }
  ~Locking() {
    if (step_.outermost()) __tsan_mutex_post_lock(mutex_, flags_, 0);
  }

 private:
  Step step_;
  void* const mutex_;
  unsigned flags_;
};

class Unlocking {
 public:
  Unlocking(void* mutex, unsigned flags) : mutex_(mutex), flags_(flags) {
    if (step_.outermost()) __tsan_mutex_pre_unlock(mutex_, flags_);
  }
  ~Unlocking() {
    if (step_.outermost()) __tsan_mutex_post_unlock(mutex_, flags_);
  }

 private:
  Step step_;
  void* const mutex_;
  const unsigned flags_;
};

// A wait gives the mutex back and has it again afterwards.
class Waiting {
 public:
  explicit Waiting(void* mutex) : mutex_(mutex) {
    if (!step_.outermost()) return;
    __tsan_mutex_pre_unlock(mutex_, 0);
    __tsan_mutex_post_unlock(mutex_, 0);
    __tsan_mutex_pre_lock(mutex_, 0);
  }
  ~Waiting() {
    if (step_.outermost()) __tsan_mutex_post_lock(mutex_, 0, 0);
  }

 private:
  Step step_;
  void* const mutex_;
};

template <class Function>
Function Real(const char* symbol) {
  void* const found = dlsym(RTLD_NEXT, symbol);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function>(found);
}

constexpr unsigned kRead = __tsan_mutex_read_lock;
constexpr unsigned kTry = __tsan_mutex_try_lock;

}  // namespace

// What libraries do inside themselves is not seen, so what they hand to the C
// library is not looked at either. A service with a race ends at once, so that
// the tests of the whole stack fail.
extern "C" const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1:halt_on_error=1:second_deadlock_stack=1:history_size=4";
}

// What answers where no service of ours is (health's port) is gRPC's own from end to end:
// it counts who uses a call by an atomic inside its library.
extern "C" const char* __tsan_default_suppressions() {
  return "race:grpc::internal::CallbackBidiHandler<*>::ServerCallbackReaderWriterImpl\n";
}

#define REAL(result, symbol, ...)           \
  using Function = result (*)(__VA_ARGS__); \
  static const Function real = Real<Function>(symbol)

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  REAL(void, "_ZN4absl7debian35Mutex4LockEv", Mutex*);
  Locking locking(this, 0);
  real(this);
}
void Mutex::Unlock() {
  REAL(void, "_ZN4absl7debian35Mutex6UnlockEv", Mutex*);
  Unlocking unlocking(this, 0);
  real(this);
}
bool Mutex::TryLock() {
  REAL(bool, "_ZN4absl7debian35Mutex7TryLockEv", Mutex*);
  Locking locking(this, kTry);
  const bool locked = real(this);
  if (!locked) locking.Failed();
  return locked;
}
void Mutex::ReaderLock() {
  REAL(void, "_ZN4absl7debian35Mutex10ReaderLockEv", Mutex*);
  Locking locking(this, kRead);
  real(this);
}
void Mutex::ReaderUnlock() {
  REAL(void, "_ZN4absl7debian35Mutex12ReaderUnlockEv", Mutex*);
  Unlocking unlocking(this, kRead);
  real(this);
}
bool Mutex::ReaderTryLock() {
  REAL(bool, "_ZN4absl7debian35Mutex13ReaderTryLockEv", Mutex*);
  Locking locking(this, kRead | kTry);
  const bool locked = real(this);
  if (!locked) locking.Failed();
  return locked;
}
void Mutex::LockWhen(const Condition& condition) {
  REAL(void, "_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE", Mutex*, const Condition&);
  Locking locking(this, 0);
  real(this, condition);
}
bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  REAL(bool, "_ZN4absl7debian35Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE", Mutex*,
       const Condition&, Duration);
  Locking locking(this, 0);
  return real(this, condition, timeout);
}
bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  REAL(bool, "_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE", Mutex*,
       const Condition&, Time);
  Locking locking(this, 0);
  return real(this, condition, deadline);
}
void Mutex::Await(const Condition& condition) {
  REAL(void, "_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", Mutex*, const Condition&);
  Waiting waiting(this);
  real(this, condition);
}
bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  REAL(bool, "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE", Mutex*,
       const Condition&, Duration);
  Waiting waiting(this);
  return real(this, condition, timeout);
}
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  REAL(bool, "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE", Mutex*,
       const Condition&, Time);
  Waiting waiting(this);
  return real(this, condition, deadline);
}
void CondVar::Wait(Mutex* mutex) {
  REAL(void, "_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE", CondVar*, Mutex*);
  Waiting waiting(mutex);
  real(this, mutex);
}
bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  REAL(bool, "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE", CondVar*,
       Mutex*, Duration);
  Waiting waiting(mutex);
  return real(this, mutex, timeout);
}
bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  REAL(bool, "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE", CondVar*, Mutex*,
       Time);
  Waiting waiting(mutex);
  return real(this, mutex, deadline);
}

ABSL_NAMESPACE_END
}  // namespace absl

// What was written before a batch was started is known to whoever gets its tag.
extern "C" grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t nops,
                                                 void* tag, void* reserved) {
  REAL(grpc_call_error, "grpc_call_start_batch", grpc_call*, const grpc_op*, size_t, void*, void*);
  __tsan_release(tag);
  return real(call, ops, nops, tag, reserved);
}
extern "C" grpc_event grpc_completion_queue_next(grpc_completion_queue* queue,
                                                 gpr_timespec deadline, void* reserved) {
  REAL(grpc_event, "grpc_completion_queue_next", grpc_completion_queue*, gpr_timespec, void*);
  const grpc_event event = real(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}
