#pragma once

#include <memory>
#include <string>

#include "services/common/base/metrics.h"
#include "services/common/redis/redis.h"
#include "tests/support/storage/child_process.h"

namespace rostrum {

// A real Redis of a test's own, on a unix socket in a temporary folder. Keeps
// what is written over Stop and Start only with `persistent`.
class RedisServer {
 public:
  explicit RedisServer(bool persistent = false);

  const std::string& url() const { return url_; }
  // Kills it, for tests of outages.
  void Stop();
  // Starts it again and waits until it answers.
  void Start();
  // Lets it hang, and go on with what came meanwhile.
  void Pause();
  void Resume();

 private:
  const std::string folder_;
  const std::string url_;
  const bool persistent_;
  std::unique_ptr<ChildProcess> process_;
};

// A Redis with a client on it.
struct TestRedis {
  explicit TestRedis(bool persistent = false, absl::Duration command_timeout = absl::Seconds(10))
      : server(persistent),
        // A busy machine may stop Redis for longer than readers are kept waiting for it.
        redis({.url = server.url(),
               .connect_timeout = absl::Seconds(10),
               .command_timeout = command_timeout,
               .cool_down = absl::Milliseconds(10)},
              metrics) {}
  Metrics metrics;
  RedisServer server;
  Redis redis;
};

}  // namespace rostrum
