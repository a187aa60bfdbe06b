#include "services/common/base/signals.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "absl/time/clock.h"
#include "services/common/base/log.h"

namespace rostrum {
namespace {

// Long, but within what every kernel takes.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A write to a closed connection must return an error, not end the process.
  (void)std::signal(SIGPIPE, SIG_IGN);
}

void UnblockStopSignals() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

bool WaitForStopSignal(absl::Duration timeout) {
  const sigset_t signals = StopSignals();
  const absl::Time end = absl::Now() + std::min(timeout, kLongest);
  int signal = 0;
  do {
    const timespec wait = absl::ToTimespec(std::max(end - absl::Now(), absl::ZeroDuration()));
    signal = sigtimedwait(&signals, nullptr, &wait);
  } while (signal < 0 && errno == EINTR);  // for example after SIGSTOP and SIGCONT
  if (signal <= 0) return false;
  LogInfo("stopping", {{"signal", signal}});
  UnblockStopSignals();
  return true;
}

}  // namespace rostrum
