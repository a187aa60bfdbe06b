#include "tests/support/storage/redis_server.h"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace rostrum {

RedisServer::RedisServer(bool persistent)
    : folder_(NewTemporaryFolder()),
      url_(absl::StrCat("unix:", folder_, "/socket")),
      persistent_(persistent) {
  // As the services do: writing to one that was stopped is an error, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  Start();
}

void RedisServer::Stop() { process_.reset(); }

void RedisServer::Pause() { process_->Signal(SIGSTOP); }
void RedisServer::Resume() { process_->Signal(SIGCONT); }

void RedisServer::Start() {
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"redis-server", "--port", "0", "--unixsocket", folder_ + "/socket",
                               "--dir", folder_, "--save", "", "--appendonly",
                               persistent_ ? "yes" : "no", "--appendfsync", "always"},
      folder_ + "/log");
  Metrics metrics;
  Redis client({.url = url_, .cool_down = absl::ZeroDuration()}, metrics);
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!client.Ping()) {
    if (absl::Now() > deadline) {
      std::cerr << "redis-server did not start" << std::endl;
      std::abort();
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

}  // namespace rostrum
