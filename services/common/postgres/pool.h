#pragma once

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

namespace rostrum {

struct PgOptions {
  std::string url;  // "postgresql://user:password@host/database" or key=value
  int pool_size = 16;
  absl::Duration acquire_timeout = absl::Milliseconds(2000);
  absl::Duration statement_timeout = absl::Seconds(5);  // where no deadline is nearer
};

// Connections to one database, made when first needed. A connection that broke
// is discarded, never used again. Thread-safe.
class PgPool {
 public:
  PgPool(PgOptions options, Metrics& metrics);
  ~PgPool();

  // A connection on loan; returns it when destroyed.
  class Lease {
   public:
    Lease(PgPool* pool, std::unique_ptr<pqxx::connection> connection);
    Lease(Lease&& other) noexcept;
    ~Lease();
    pqxx::connection& operator*() { return *connection_; }
    // It broke: closed instead of returned.
    void Discard() { broken_ = true; }

   private:
    PgPool* pool_;
    std::unique_ptr<pqxx::connection> connection_;
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
  // True if the database answers.
  bool Ping();
  const PgOptions& options() const { return options_; }

 private:
  void Return(std::unique_ptr<pqxx::connection> connection, bool broken);

  const PgOptions options_;
  Metrics& metrics_;
  prometheus::Gauge& idle_gauge_;
  prometheus::Gauge& used_gauge_;
  absl::Mutex mu_;
  std::vector<std::unique_ptr<pqxx::connection>> idle_ ABSL_GUARDED_BY(mu_);
  int used_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Mutex seconds_mu_;
  absl::flat_hash_map<std::string, prometheus::Histogram*> seconds_ ABSL_GUARDED_BY(seconds_mu_);
};

// Opens a connection with this project's session settings: UTC, ISO dates,
// statement and idle-in-transaction timeouts, no NOTICE output.
std::unique_ptr<pqxx::connection> OpenConnection(const PgOptions& options);

}  // namespace rostrum
