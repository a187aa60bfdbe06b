#include "services/common/postgres/pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/request_context.h"

namespace rostrum {
namespace {

constexpr int kConnectSeconds = 3;

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

// Both forms of a URL take further parameters in their own way.
std::string WithConnectTimeout(const std::string& url) {
  const bool is_uri = url.find("://") != std::string::npos;
  if (!is_uri) return absl::StrCat(url, " connect_timeout=", kConnectSeconds);
  return absl::StrCat(url, url.find('?') == std::string::npos ? "?" : "&",
                      "connect_timeout=", kConnectSeconds);
}

}  // namespace

std::unique_ptr<pqxx::connection> OpenConnection(const PgOptions& options) {
  auto connection = std::make_unique<pqxx::connection>(WithConnectTimeout(options.url));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  // A connection that came back by itself would have lost these settings.
  connection->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  // Without DETAIL, which quotes rows: what PostgreSQL says is logged.
  connection->set_verbosity(pqxx::connection_base::terse);
  pqxx::nontransaction session(*connection);
  session.exec(SessionSettings(options));
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
  std::unique_ptr<pqxx::connection> connection;
  {
    absl::MutexLock lock(&mu_);
    const auto free = [this]()
                          ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return used_ < options_.pool_size; };
    const absl::Duration left = RequestContext::Current().TimeLeft();
    if (!mu_.AwaitWithTimeout(absl::Condition(&free), std::min(options_.acquire_timeout, left))) {
      return RetryLater(absl::StatusCode::kResourceExhausted, "DATABASE_BUSY",
                        "the service is busy", absl::Seconds(1));
    }
    ++used_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    used_gauge_.Set(used_);
    idle_gauge_.Set(static_cast<double>(idle_.size()));
  }
  if (connection != nullptr) return Lease(this, std::move(connection));
  try {
    return Lease(this, OpenConnection(options_));
  } catch (const std::exception& error) {
    LogError("cannot connect to the database", {{"error", error.what()}});
    Return(nullptr, /*broken=*/true);
    return Unavailable("the database cannot be reached");
  }
}

prometheus::Histogram& PgPool::QuerySeconds(const std::string& query) {
  absl::MutexLock lock(&seconds_mu_);
  prometheus::Histogram*& kept = seconds_[query];
  if (kept == nullptr) kept = &metrics_.Seconds(kSeconds, {query});
  return *kept;
}

bool PgPool::Ping() {
  absl::StatusOr<Lease> lease = Acquire();
  // A pool that is all in use is a database that answers.
  if (!lease.ok()) return absl::IsResourceExhausted(lease.status());
  try {
    pqxx::nontransaction session(**lease);
    session.exec("SELECT 1");
    return true;
  } catch (const std::exception&) {
    lease->Discard();
    return false;
  }
}

void PgPool::DiscardIdle() {
  std::vector<std::unique_ptr<pqxx::connection>> idle;
  absl::MutexLock lock(&mu_);
  idle.swap(idle_);
  idle_gauge_.Set(0);
}

void PgPool::Return(std::unique_ptr<pqxx::connection> connection, bool broken) {
  absl::MutexLock lock(&mu_);
  --used_;
  if (!broken) idle_.push_back(std::move(connection));
  used_gauge_.Set(used_);
  idle_gauge_.Set(static_cast<double>(idle_.size()));
}

PgPool::Lease::Lease(PgPool* pool, std::unique_ptr<pqxx::connection> connection)
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

}  // namespace rostrum
