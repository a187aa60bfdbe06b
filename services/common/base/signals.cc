#include "services/common/base/signals.h"

#include <algorithm>
#include <csignal>

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
  // A peer that went away is an error of a write, not the end of the process.
  (void)std::signal(SIGPIPE, SIG_IGN);
}

bool WaitForStopSignal(absl::Duration timeout) {
  const sigset_t signals = StopSignals();
  const timespec wait = absl::ToTimespec(std::min(timeout, kLongest));
  const int signal = sigtimedwait(&signals, nullptr, &wait);
  if (signal <= 0) return false;
  LogInfo("stopping", {{"signal", signal}});
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return true;
}

}  // namespace rostrum
