#include "services/common/base/process.h"

#include "absl/synchronization/mutex.h"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/signals.h"

namespace rostrum {

void InitProcess(const std::string& service) {
  // Debian's abseil is built with its search for deadlocks on: every lock of any
  // mutex, also in gRPC, then takes one global lock. Tests keep the search on.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  BlockStopSignals();
  InitCrypto();
  InitLog(service, LogLevel::kInfo);
}

}  // namespace rostrum
