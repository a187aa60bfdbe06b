#include "services/common/redis/redis.h"

#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/redis/redis_url.h"
#include "services/common/trace/span.h"

namespace rostrum {
namespace {

using Arguments = std::vector<std::string>;

const HistogramFamily kSeconds{"redis_command_duration_seconds",
                               "Time until Redis answered, or was waited for no longer.",
                               {"command"}};
const CounterFamily kFailures{"redis_command_failures_total",
                              "Commands that Redis refused, or did not answer in time; while it "
                              "is away also those that were not sent.",
                              {"command"}};
constexpr char kMayHaveHappened[] = "REDIS_MAY_HAVE_HAPPENED";

struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using RawReply = std::unique_ptr<redisReply, ReplyDeleter>;

// Copies a reply. INTERNAL for an error reply, whose text is Redis's own.
absl::StatusOr<RedisReply> Copy(const redisReply& raw) {
  RedisReply reply;
  switch (raw.type) {
    case REDIS_REPLY_NIL: return reply;
    case REDIS_REPLY_INTEGER:
      reply.type = RedisReply::Type::kInteger;
      reply.integer = raw.integer;
      return reply;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.type =
          raw.type == REDIS_REPLY_STRING ? RedisReply::Type::kString : RedisReply::Type::kStatus;
      reply.text.assign(raw.str, raw.len);
      return reply;
    case REDIS_REPLY_ARRAY:
      reply.type = RedisReply::Type::kArray;
      for (size_t i = 0; i < raw.elements; ++i) {
        ASSIGN_OR_RETURN(RedisReply element, Copy(*raw.element[i]));
        reply.elements.push_back(std::move(element));
      }
      return reply;
    default: return absl::InternalError(std::string(raw.str, raw.len));
  }
}

// One line a second: while Redis is away or refuses commands, each request would log one.
LogBudget& Lines() {
  static LogBudget* const budget = new LogBudget(1);
  return *budget;
}

bool BeginsWithAny(const absl::Status& status, std::initializer_list<const char*> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const char* prefix) {
    return absl::StartsWith(status.message(), prefix);
  });
}

// Error replies that a new connection may not get: after a failover the old connections still
// lead to the former primary, while its address already belongs to another server.
bool MeansReconnect(const absl::Status& status) {
  return BeginsWithAny(status, {"READONLY", "MASTERDOWN", "CLUSTERDOWN", "LOADING", "NOAUTH",
                                "WRONGPASS", "ERR max number of clients"});
}

// Error replies that mean that Redis cannot serve now, not that the command is wrong.
bool MeansAway(const absl::Status& status) {
  return MeansReconnect(status) ||
         BeginsWithAny(status, {"OOM", "MISCONF", "BUSY", "NOREPLICAS", "TRYAGAIN", "NOPERM"});
}

// Only that a script must be sent again (RedisScript).
bool MeansUnknownScript(const absl::Status& status) { return BeginsWithAny(status, {"NOSCRIPT"}); }

}  // namespace

struct Redis::Connection {
  explicit Connection(redisContext* c) : context(c) {}
  ~Connection() { redisFree(context); }
  redisContext* context;

  bool Append(const Arguments& arguments) {
    std::vector<const char*> texts;
    std::vector<size_t> lengths;
    for (const std::string& argument : arguments) {
      texts.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    return redisAppendCommandArgv(context, static_cast<int>(texts.size()), texts.data(),
                                  lengths.data()) == REDIS_OK;
  }

  // Null if the connection cannot be used any more.
  RawReply Read() {
    void* reply = nullptr;
    if (redisGetReply(context, &reply) != REDIS_OK) return nullptr;
    return RawReply(static_cast<redisReply*>(reply));
  }

  // True if Redis has closed the connection, as far as this process knows, or if there is
  // something to read although no command was sent.
  bool Closed() const {
    char next = 0;
    return recv(context->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  }

  // Sends one command and expects no error.
  bool Do(const Arguments& arguments) {
    if (!Append(arguments)) return false;
    const RawReply reply = Read();
    return reply != nullptr && reply->type != REDIS_REPLY_ERROR;
  }
};

Redis::Redis(RedisOptions options, Metrics& metrics)
    : options_(std::move(options)), metrics_(metrics) {}

Redis::~Redis() = default;

std::unique_ptr<Redis::Connection> Redis::TakeKept() {
  while (true) {
    std::unique_ptr<Connection> connection;
    {
      absl::MutexLock lock(&mu_);
      if (idle_.empty()) return nullptr;
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    // Redis may have been restarted since.
    if (!connection->Closed()) return connection;
  }
}

absl::StatusOr<std::unique_ptr<Redis::Connection>> Redis::Acquire() {
  if (std::unique_ptr<Connection> kept = TakeKept(); kept != nullptr) return kept;
  if (!MayTry()) return Unavailable("Redis is away");
  ASSIGN_OR_RETURN(const RedisAddress address, ParseRedisUrl(options_.url));
  const timeval timeout = absl::ToTimeval(options_.connect_timeout);
  auto connection = std::make_unique<Connection>(
      address.unix_path.empty()
          ? redisConnectWithTimeout(address.host.c_str(), address.port, timeout)
          : redisConnectUnixWithTimeout(address.unix_path.c_str(), timeout));
  const bool connected =
      connection->context != nullptr && connection->context->err == 0 &&
      redisSetTimeout(connection->context, absl::ToTimeval(options_.command_timeout)) == REDIS_OK &&
      (address.password.empty() || connection->Do({"AUTH", address.password})) &&
      (address.database == 0 || connection->Do({"SELECT", absl::StrCat(address.database)}));
  if (connected) return connection;
  Failed();
  return Unavailable("Redis is away");
}

bool Redis::MayTry() {
  const auto now = std::chrono::steady_clock::now();
  absl::MutexLock lock(&mu_);
  if (!closed_until_.has_value()) return true;
  if (now < *closed_until_) return false;
  closed_until_ =
      now + absl::ToChronoNanoseconds(options_.connect_timeout + options_.command_timeout);
  return true;
}

// It has just been answered on this connection.
void Redis::Return(std::unique_ptr<Connection> connection) {
  absl::MutexLock lock(&mu_);
  closed_until_.reset();
  if (idle_.size() < static_cast<size_t>(options_.pool_size)) {
    idle_.push_back(std::move(connection));
  }
}

// A connection failed: drops the idle ones, which are probably dead too.
void Redis::Failed() {
  std::vector<std::unique_ptr<Connection>> idle;
  absl::MutexLock lock(&mu_);
  if (!closed_until_.has_value()) Lines().Log(LogLevel::kWarning, "Redis is away", {});
  closed_until_ = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.cool_down);
  idle.swap(idle_);
}

Redis::Figures Redis::FiguresOf(const std::string& command) {
  absl::MutexLock lock(&mu_);
  Figures& kept = figures_[command];
  if (kept.seconds == nullptr) {
    kept = {&metrics_.Seconds(kSeconds, {command}), &metrics_.Counter(kFailures, {command})};
  }
  return kept;
}

absl::StatusOr<RedisReply> Redis::Command(const Arguments& arguments) {
  ASSIGN_OR_RETURN(std::vector<RedisReply> replies, Pipeline({arguments}));
  return std::move(replies[0]);
}

absl::StatusOr<std::vector<RedisReply>> Redis::Pipeline(const std::vector<Arguments>& commands) {
  if (commands.empty()) return std::vector<RedisReply>();
  ScopedSpan span(SpanKind::kClient, commands[0][0]);
  if (span->recorded()) {
    span->Set({"db.system", "redis"});
    span->Set({"db.operation.name", commands[0][0]});
  }
  absl::StatusOr<std::vector<RedisReply>> replies = RunPipeline(commands);
  if (!replies.ok()) span->Fail(absl::StatusCodeToString(replies.status().code()));
  if (replies.ok() || MeansUnknownScript(replies.status())) return replies;
  FiguresOf(commands[0][0]).failures->Increment();
  return replies;
}

absl::StatusOr<std::vector<RedisReply>> Redis::RunPipeline(const std::vector<Arguments>& commands) {
  const absl::Time started = absl::Now();
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Acquire());
  // Nothing is sent twice: Redis may have executed a command whose answer did not arrive.
  bool alive = true;
  for (const Arguments& command : commands) alive = alive && connection->Append(command);
  std::vector<RedisReply> replies;
  absl::Status error;
  bool some_happened = false;
  while (alive && replies.size() < commands.size()) {
    const RawReply raw = connection->Read();
    alive = raw != nullptr;
    if (!alive) break;
    absl::StatusOr<RedisReply> reply = Copy(*raw);
    if (!reply.ok() && error.ok()) error = reply.status();
    some_happened = some_happened || reply.ok();
    replies.push_back(reply.ok() ? *std::move(reply) : RedisReply());
  }
  FiguresOf(commands[0][0]).seconds->Observe(absl::ToDoubleSeconds(absl::Now() - started));
  if (!alive) {
    Failed();
    return Error(absl::StatusCode::kUnavailable, kMayHaveHappened, "Redis is away");
  }
  const bool reconnect = MeansReconnect(error);
  if (!reconnect) Return(std::move(connection));
  if (error.ok()) return replies;
  if (!MeansUnknownScript(error)) {
    Lines().Log(LogLevel::kWarning, "Redis refused a command",
                {{"error", std::string(error.message())}});
  }
  if (MeansAway(error)) {
    if (reconnect) Failed();
    error = Unavailable("Redis is away");
  }
  if (some_happened) return Error(error.code(), kMayHaveHappened, error.message());
  return error;
}

bool Redis::MayHaveHappened(const absl::Status& status) {
  return ReasonOf(status) == kMayHaveHappened;
}

bool Redis::Ping() { return Command({"PING"}).ok(); }

}  // namespace rostrum
