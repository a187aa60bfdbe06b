#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/metrics.h"

struct redisContext;

namespace rostrum {

// A reply, copied out of hiredis.
struct RedisReply {
  enum class Type { kNil, kInteger, kString, kStatus, kArray };
  Type type = Type::kNil;
  int64_t integer = 0;
  std::string text;
  std::vector<RedisReply> elements;

  bool IsNil() const { return type == Type::kNil; }
};

struct RedisOptions {
  std::string url;  // "redis://[:password@]host:port[/db]" or "unix:/path"
  // Connections that are kept for the next commands. As many more as commands run at once
  // are opened, and closed after them.
  int pool_size = 64;
  absl::Duration connect_timeout = absl::Milliseconds(500);
  absl::Duration command_timeout = absl::Milliseconds(250);
  // After a failure, how long calls fail at once instead of trying again, so that a Redis
  // that is away does not slow every request down. After this time one call tries, while
  // the others go on failing at once.
  absl::Duration cool_down = absl::Milliseconds(500);
};

// Connections to one Redis. Binary-safe. Never used for what must not be lost:
// UNAVAILABLE is a normal answer that every caller has a plan for. Thread-safe.
class Redis {
 public:
  Redis(RedisOptions options, Metrics& metrics);
  ~Redis();

  // One command. UNAVAILABLE if Redis is away, INTERNAL for an error reply.
  absl::StatusOr<RedisReply> Command(const std::vector<std::string>& arguments);
  // Several commands in one round trip; an error reply fails the whole.
  absl::StatusOr<std::vector<RedisReply>> Pipeline(
      const std::vector<std::vector<std::string>>& commands);
  bool Ping();

  // Of an error: whether some of it may have been carried out all the same. It was
  // sent, and the answer did not come, or Redis refused a later command of a pipeline.
  static bool MayHaveHappened(const absl::Status& status);

 private:
  friend class RedisScript;
  struct Connection;
  absl::StatusOr<std::vector<RedisReply>> RunPipeline(
      const std::vector<std::vector<std::string>>& commands);
  absl::StatusOr<std::unique_ptr<Connection>> Acquire();
  // One that was kept and that Redis has not closed since, or null.
  std::unique_ptr<Connection> TakeKept();
  // Whether this call may try to reach Redis: while it is away, one at a time.
  bool MayTry();
  void Return(std::unique_ptr<Connection> connection);
  void Failed();
  struct Figures {
    prometheus::Histogram* seconds = nullptr;
    prometheus::Counter* failures = nullptr;
  };
  Figures FiguresOf(const std::string& command);

  const RedisOptions options_;
  Metrics& metrics_;
  absl::Mutex mu_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, Figures> figures_ ABSL_GUARDED_BY(mu_);
  // Set while Redis is away: until then nobody tries to reach it.
  std::optional<std::chrono::steady_clock::time_point> closed_until_ ABSL_GUARDED_BY(mu_);
};

// A Lua script, run by EVALSHA and sent again when Redis does not know it. Keys
// that one script touches must share a hash tag: "meter:{3}:x:reads". Thread-safe.
class RedisScript {
 public:
  explicit RedisScript(std::string source);
  absl::StatusOr<RedisReply> Run(Redis& redis, const std::vector<std::string>& keys,
                                 const std::vector<std::string>& arguments) const;

  struct Call {
    std::vector<std::string> keys;
    std::vector<std::string> arguments;
  };
  // Runs once for each call, in one round trip, and in order where calls have the same
  // hash tag; an error of one fails the whole.
  absl::StatusOr<std::vector<RedisReply>> RunAll(Redis& redis,
                                                 const std::vector<Call>& calls) const;

 private:
  // The name that Redis gave the script; asks once.
  absl::StatusOr<std::string> Name(Redis& redis) const;

  const std::string source_;
  mutable absl::Mutex mu_;
  mutable std::string name_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum
