#include "services/common/postgres/pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/postgres/connection_error.h"
#include "services/common/rpc/request_context.h"

namespace rostrum {
namespace {

// Of every connection. With these a lost machine is noticed within about ten seconds, also on
// idle connections.
constexpr char kConnectionSettings[][32] = {"connect_timeout=3",  "keepalives=1",
                                            "keepalives_idle=5",  "keepalives_interval=2",
                                            "keepalives_count=3", "tcp_user_timeout=8000"};
// For commands that take only a round trip.
constexpr absl::Duration kShort = absl::Seconds(3);
// How much longer than the statement timeout an answer may take.
constexpr absl::Duration kGrace = absl::Seconds(3);

const GaugeFamily kConnections{"db_pool_connections", "Connections to PostgreSQL.", {"state"}};
const GaugeFamily kMaxConnections{"db_pool_max_connections",
                                  "Connections to PostgreSQL at the most."};
const HistogramFamily kSeconds{"db_query_duration_seconds",
                               "Time of a transaction with its wait for a connection, by "
                               "the place in the code that makes it.",
                               {"query"}};

std::string SessionSettings(const PgOptions& options) {
  return absl::StrCat(
      "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET client_min_messages = 'warning';"
      " SET idle_in_transaction_session_timeout = '5s'; SET lock_timeout = '3s';"
      " SET application_name = 'rostrum'; SET statement_timeout = ",
      absl::ToInt64Milliseconds(options.statement_timeout));
}

// Where the parameters of a URI begin, or would begin. Follows libpq, in which a password may
// contain a question mark.
size_t ParametersOf(const std::string& uri) {
  const size_t begin = uri.find("://") + 3;
  const size_t end = uri.find_first_of("@/", begin);
  const bool has_user = end != std::string::npos && uri[end] == '@';
  return std::min(uri.find('?', has_user ? end : begin), uri.size());
}

// Puts our parameters first: libpq uses the last of several, so the setting wins over them.
std::string WithOurSettings(const std::string& url) {
  if (!absl::StrContains(url, "://")) {
    return absl::StrCat(absl::StrJoin(kConnectionSettings, " "), " ", url);
  }
  const size_t at = ParametersOf(url);
  const std::string theirs = url.substr(std::min(at + 1, url.size()));
  return absl::StrCat(url.substr(0, at), "?", absl::StrJoin(kConnectionSettings, "&"),
                      theirs.empty() ? "" : "&", theirs);
}

std::unique_ptr<pqxx::connection> Connect(const PgOptions& options) {
  auto connection = std::make_unique<pqxx::connection>(WithOurSettings(options.url));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  // libpqxx must not reconnect by itself: the new session would lack our settings.
  connection->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  // Without DETAIL, which quotes rows: PostgreSQL's messages are logged.
  connection->set_verbosity(pqxx::connection_base::terse);
  return connection;
}

void BeginSession(pqxx::connection& connection, const PgOptions& options) {
  pqxx::nontransaction session(connection);
  session.exec(SessionSettings(options));
}

LogBudget& ConnectLines() {
  static LogBudget* const budget = new LogBudget(1);
  return *budget;
}

}  // namespace

struct PgConnection {
  PgConnection(std::unique_ptr<pqxx::connection> connected, Watchdog& dog)
      : session(std::move(connected)), watch(dog, session->sock()) {}
  std::unique_ptr<pqxx::connection> session;
  Watchdog::Watch watch;
  int64_t statement_timeout = 0;  // of the session in milliseconds; 0: as it began
};

std::unique_ptr<pqxx::connection> OpenConnection(const PgOptions& options) {
  auto connection = Connect(options);
  BeginSession(*connection, options);
  return connection;
}

PgPool::PgPool(PgOptions options, Metrics& metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      idle_gauge_(metrics.Gauge(kConnections, {"idle"})),
      used_gauge_(metrics.Gauge(kConnections, {"used"})) {
  metrics.Gauge(kMaxConnections).Set(options_.pool_size);
}

PgPool::~PgPool() = default;

absl::StatusOr<PgPool::Lease> PgPool::Acquire() {
  std::unique_ptr<PgConnection> connection;
  {
    absl::MutexLock lock(&mu_);
    const auto free = [this]()
                          ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return used_ < options_.pool_size; };
    const absl::Duration left = RequestContext::Current().TimeLeft();
    if (!mu_.AwaitWithTimeout(absl::Condition(&free), std::min(options_.acquire_timeout, left))) {
      return RetryLater(absl::StatusCode::kResourceExhausted, kDatabaseBusy, "the service is busy",
                        absl::Seconds(1));
    }
    ++used_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    used_gauge_.Set(used_);
    idle_gauge_.Set(static_cast<double>(idle_.size()));
  }
  try {
    if (connection == nullptr) connection = Open();
  } catch (const std::exception& error) {
    ConnectLines().Log(LogLevel::kError, "cannot connect to the database",
                       {{"kind", ConnectionErrorKind(error.what())}});
    Return(nullptr, /*broken=*/true);
    return Unavailable("the database cannot be reached");
  }
  connection->watch.Expect(options_.statement_timeout + kGrace);
  return Lease(this, std::move(connection));
}

std::unique_ptr<PgConnection> PgPool::Open() {
  auto connection = std::make_unique<PgConnection>(Connect(options_), watchdog_);
  connection->watch.Expect(kShort);
  BeginSession(*connection->session, options_);
  Answered();
  return connection;
}

prometheus::Histogram& PgPool::QuerySeconds(const std::string& query) {
  absl::MutexLock lock(&seconds_mu_);
  prometheus::Histogram*& kept = seconds_[query];
  if (kept == nullptr) kept = &metrics_.Seconds(kSeconds, {query});
  return *kept;
}

bool PgPool::Ping() {
  absl::MutexLock lock(&ping_mu_);
  try {
    if (ping_ == nullptr) ping_ = Open();
    ping_->watch.Expect(kShort);
    pqxx::nontransaction(*ping_->session).exec("SELECT 1");
    ping_->watch.Rest();
    Answered();
    return true;
  } catch (const std::exception& error) {
    ping_ = nullptr;
    ConnectLines().Log(LogLevel::kWarning, "the database does not answer a ping",
                       {{"kind", ConnectionErrorKind(error.what())}});
    return false;
  }
}

void PgPool::Answered() { last_answer_.store(SteadyNanoseconds(), std::memory_order_relaxed); }

absl::Duration PgPool::SinceAnswer() const {
  const int64_t last = last_answer_.load(std::memory_order_relaxed);
  return last == 0 ? absl::InfiniteDuration() : absl::Nanoseconds(SteadyNanoseconds() - last);
}

void PgPool::DiscardIdle() {
  std::vector<std::unique_ptr<PgConnection>> idle;
  absl::MutexLock lock(&mu_);
  idle.swap(idle_);
  idle_gauge_.Set(0);
}

void PgPool::Return(std::unique_ptr<PgConnection> connection, bool broken) {
  if (!broken) connection->watch.Rest();
  absl::MutexLock lock(&mu_);
  --used_;
  if (!broken) idle_.push_back(std::move(connection));
  used_gauge_.Set(used_);
  idle_gauge_.Set(static_cast<double>(idle_.size()));
}

PgPool::Lease::Lease(PgPool* pool, std::unique_ptr<PgConnection> connection)
    : pool_(pool), connection_(std::move(connection)) {}

PgPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      connection_(std::move(other.connection_)),
      broken_(other.broken_) {}

PgPool::Lease::~Lease() {
  if (pool_ == nullptr) return;
  if (broken_) connection_.reset();
  pool_->Return(std::move(connection_), broken_);
}

pqxx::connection& PgPool::Lease::operator*() { return *connection_->session; }

Watchdog::Watch& PgPool::Lease::Expect(absl::Duration statement_timeout) {
  connection_->watch.Expect(statement_timeout + kGrace);
  return connection_->watch;
}

void PgPool::Lease::LimitStatements(absl::Duration timeout) {
  int64_t limit = absl::ToInt64Milliseconds(timeout);
  int rest = 0;  // the bits after the leading four
  while (limit >> rest >= 16) ++rest;
  limit = limit >> rest << rest;
  if (limit == connection_->statement_timeout) return;
  connection_->watch.Expect(kShort);
  pqxx::nontransaction(**this).exec(absl::StrCat("SET statement_timeout = ", limit));
  connection_->statement_timeout = limit;
}

void PgPool::Lease::Answered() { pool_->Answered(); }

}  // namespace rostrum
