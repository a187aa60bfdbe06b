#include "services/common/postgres/watchdog.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "absl/status/status.h"
#include "services/common/base/log.h"

namespace rostrum {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(500);
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr absl::Duration kLongest = absl::Hours(24);

LogBudget& Lines() {
  static LogBudget* const budget = new LogBudget(1);
  return *budget;
}

}  // namespace

int64_t SteadyNanoseconds() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Watchdog::Watch::Watch(Watchdog& dog, int socket)
    : dog_(dog), socket_(fcntl(socket, F_DUPFD_CLOEXEC, 0)), time_(kLongest), due_(kNever) {
  absl::MutexLock lock(&dog_.mu_);
  dog_.watches_.insert(this);
}

Watchdog::Watch::~Watch() {
  {
    absl::MutexLock lock(&dog_.mu_);
    dog_.watches_.erase(this);
  }
  if (socket_ >= 0) close(socket_);
}

void Watchdog::Watch::Expect(absl::Duration time) {
  time_ = std::min(time, kLongest);
  ExpectAgain();
}

void Watchdog::Watch::ExpectAgain() {
  due_.store(SteadyNanoseconds() + absl::ToInt64Nanoseconds(time_), std::memory_order_relaxed);
}

void Watchdog::Watch::Rest() { due_.store(kNever, std::memory_order_relaxed); }

Watchdog::Watchdog()
    : looks_("database-watchdog", kLook, [this] {
        ShutOverdue();
        return absl::OkStatus();
      }) {}

Watchdog::~Watchdog() = default;

void Watchdog::ShutOverdue() {
  const int64_t now = SteadyNanoseconds();
  absl::MutexLock lock(&mu_);
  for (Watch* watch : watches_) {
    int64_t due = watch->due_.load(std::memory_order_relaxed);
    // The exchange fails if the answer came in this moment.
    if (now < due || !watch->due_.compare_exchange_strong(due, kNever)) continue;
    shutdown(watch->socket_, SHUT_RDWR);
    Lines().Log(LogLevel::kError, "the database does not answer, a connection is given up", {});
  }
}

}  // namespace rostrum
