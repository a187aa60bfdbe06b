#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/common/base/metrics.h"
#include "services/common/postgres/migrations.h"
#include "services/common/postgres/pool.h"

namespace rostrum {

// A real PostgreSQL for the tests of this binary, started when first asked for:
// a cluster of its own in a temporary folder, reached by a unix socket, so that
// nothing on the machine is in its way. TEST_PG_URL (of a superuser) names one
// that runs already. A test binary dies if there is none.
class PostgresServer {
 public:
  static PostgresServer& Get();

  // The URL of a new database with these migrations applied and nothing in it.
  // Made from a template, so that it costs little.
  std::string NewDatabase(const std::vector<MigrationSet>& sets);

  // A statement as superuser in the database "postgres".
  void Execute(const std::string& sql);

 private:
  PostgresServer();
  std::string UrlOf(const std::string& database) const;

  std::string url_prefix_;
  std::string url_suffix_;
};

// The shared tables and the service's own.
std::vector<MigrationSet> MigrationsOf(const std::string& service, std::vector<EmbeddedFile> files);

// A database of a test's own, with a pool on it.
struct TestDatabase {
  explicit TestDatabase(const std::vector<MigrationSet>& sets, int pool_size = 16)
      : url(PostgresServer::Get().NewDatabase(sets)),
        pool({.url = url, .pool_size = pool_size}, metrics) {}
  Metrics metrics;
  std::string url;
  PgPool pool;
};

// Statements in a transaction of their own. Dies if they fail.
void Execute(PgPool& pool, const std::string& sql);

}  // namespace rostrum
