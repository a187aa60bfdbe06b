#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "pqxx/pqxx"
#include "services/common/base/metrics.h"
#include "services/common/postgres/watchdog.h"

namespace rostrum {

struct PgOptions {
  // "postgresql://user:password@host/database" or key=value. A connect_timeout, keepalives
  // or tcp_user_timeout in it overrides our default.
  std::string url;
  int pool_size = 16;
  absl::Duration acquire_timeout = absl::Milliseconds(2000);
  absl::Duration statement_timeout = absl::Seconds(5);  // or the request's deadline, if sooner
};

struct PgConnection;  // in pool.cc

// Connections to one database, made when first needed. A connection that broke is closed
// and never used again. One whose server does not answer is broken by the Watchdog soon
// after its statement timeout, so no query waits much longer than that. Thread-safe.
class PgPool {
 public:
  PgPool(PgOptions options, Metrics& metrics);
  ~PgPool();

  // A connection on loan; returns it when destroyed.
  class Lease {
   public:
    Lease(PgPool* pool, std::unique_ptr<PgConnection> connection);
    Lease(Lease&& other) noexcept;
    ~Lease();
    pqxx::connection& operator*();
    // Watches the statements from now on, which have this timeout (at first the statement
    // timeout of the options).
    Watchdog::Watch& Expect(absl::Duration statement_timeout);
    // Limits the time of each statement outside of a transaction. The limit may be up to an
    // eighth shorter, so that it seldom has to be changed, which takes a round trip.
    void LimitStatements(absl::Duration timeout);
    // Notes that the database has answered, if only with an error.
    void Answered();
    // The connection is broken: close it instead of returning it to the pool.
    void Discard() { broken_ = true; }

   private:
    PgPool* pool_;
    std::unique_ptr<PgConnection> connection_;
    bool broken_ = false;
  };

  // UNAVAILABLE if the database cannot be reached. RESOURCE_EXHAUSTED / DATABASE_BUSY with
  // RetryInfo if no connection came free within acquire_timeout, or before the deadline of
  // the request being served.
  absl::StatusOr<Lease> Acquire();
  // Closes all connections that are not on loan: after one broke because the server was
  // restarted, or when their prepared statements no longer fit the schema.
  void DiscardIdle();
  // db_query_duration_seconds for the queries of one place in the code (CallSite::Name).
  prometheus::Histogram& QuerySeconds(const std::string& query);
  // True if the database answers. Asks on a connection of its own, not one of the pool's,
  // and waits for a few seconds at most.
  bool Ping();
  // How long ago the database last answered anything, or infinite.
  absl::Duration SinceAnswer() const;
  const PgOptions& options() const { return options_; }

 private:
  std::unique_ptr<PgConnection> Open();
  void Answered();
  void Return(std::unique_ptr<PgConnection> connection, bool broken);

  const PgOptions options_;
  Metrics& metrics_;
  prometheus::Gauge& idle_gauge_;
  prometheus::Gauge& used_gauge_;
  Watchdog watchdog_;                    // before the connections, which it watches
  std::atomic<int64_t> last_answer_{0};  // steady nanoseconds, or none
  absl::Mutex mu_;
  std::vector<std::unique_ptr<PgConnection>> idle_ ABSL_GUARDED_BY(mu_);
  int used_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Mutex ping_mu_;
  std::unique_ptr<PgConnection> ping_ ABSL_GUARDED_BY(ping_mu_);
  absl::Mutex seconds_mu_;
  absl::flat_hash_map<std::string, prometheus::Histogram*> seconds_ ABSL_GUARDED_BY(seconds_mu_);
};

// Opens a connection with this project's session settings: UTC, ISO dates,
// statement and idle-in-transaction timeouts, no NOTICE output.
std::unique_ptr<pqxx::connection> OpenConnection(const PgOptions& options);

}  // namespace rostrum
