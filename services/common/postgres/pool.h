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
  // "postgresql://user:password@host/database" or key=value. Where it says something of
  // connect_timeout, keepalives or tcp_user_timeout, that counts, not ours.
  std::string url;
  int pool_size = 16;
  absl::Duration acquire_timeout = absl::Milliseconds(2000);
  absl::Duration statement_timeout = absl::Seconds(5);  // where no deadline is nearer
};

struct PgConnection;  // in pool.cc

// Connections to one database, made when first needed. A connection that broke
// is discarded, never used again, and one whose server does not answer breaks: no wait
// is much longer than its statement timeout. Thread-safe.
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
    // For what is asked from now on, with this statement timeout (at first that of the
    // options).
    Watchdog::Watch& Expect(absl::Duration statement_timeout);
    // The database has said something, if only no.
    void Answered();
    // It broke: closed instead of returned.
    void Discard() { broken_ = true; }

   private:
    PgPool* pool_;
    std::unique_ptr<PgConnection> connection_;
    bool broken_ = false;
  };

  // UNAVAILABLE if the database cannot be reached; RESOURCE_EXHAUSTED with
  // RetryInfo (reason DATABASE_BUSY) if none came free in time, or before the
  // deadline of the request being served.
  absl::StatusOr<Lease> Acquire();
  // Closes all connections that are not on loan: the server was restarted.
  void DiscardIdle();
  // db_query_duration_seconds of the queries of one place in the code.
  prometheus::Histogram& QuerySeconds(const std::string& query);
  // True if the database answers. Asks on a connection of its own, beyond the pool's
  // size, for some seconds at the most.
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
