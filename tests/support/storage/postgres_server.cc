#include "tests/support/storage/postgres_server.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common_migrations.h"
#include "services/common/postgres/transaction.h"
#include "tests/support/storage/child_process.h"

namespace rostrum {
namespace {

constexpr char kBin[] = "/usr/lib/postgresql/15/bin/";
constexpr absl::Duration kStartTime = absl::Seconds(60);

// The private cluster of this process, stopped when the process ends.
class Cluster {
 public:
  Cluster() : folder_(NewTemporaryFolder()) {
    const std::string data = folder_ + "/data";
    // initdb refuses root.
    const std::string user = getuid() == 0 ? "postgres" : "";
    RunToEnd({std::string(kBin) + "initdb", "-D", data, "-U", "postgres", "--no-sync", "-A",
              "trust", "-E", "UTF8", "--locale=C"},
             user);
    server_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{std::string(kBin) + "postgres", "-D", data, "-k", folder_, "-h",
                                 "", "-F", "-c", "max_connections=300", "-c",
                                 "synchronous_commit=off", "-c", "full_page_writes=off"},
        folder_ + "/log", user);
  }
  ~Cluster() { server_->Stop(SIGQUIT); }
  const std::string& folder() const { return folder_; }

 private:
  const std::string folder_;
  std::unique_ptr<ChildProcess> server_;
};

bool Answers(const std::string& url) {
  try {
    pqxx::connection connection(url);
    pqxx::nontransaction(connection).exec("SELECT 1");
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

PostgresServer& PostgresServer::Get() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() {
  if (const char* given = std::getenv("TEST_PG_URL"); given != nullptr && *given != '\0') {
    const std::string url = given;
    url_prefix_ = url.substr(0, url.rfind('/') + 1);
  } else {
    static Cluster cluster;
    url_prefix_ = "postgresql:///";
    url_suffix_ = absl::StrCat("?host=", cluster.folder(), "&user=postgres");
  }
  const absl::Time deadline = absl::Now() + kStartTime;
  while (!Answers(UrlOf("postgres"))) {
    if (absl::Now() > deadline) {
      std::cerr << "PostgreSQL did not start" << std::endl;
      std::abort();
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
}

std::string PostgresServer::UrlOf(const std::string& database) const {
  return absl::StrCat(url_prefix_, database, url_suffix_);
}

void PostgresServer::Execute(const std::string& sql) {
  pqxx::connection connection(UrlOf("postgres"));
  pqxx::nontransaction(connection).exec(sql);
}

std::string PostgresServer::NewDatabase(const std::vector<MigrationSet>& sets) {
  static std::atomic<int> count{0};
  static std::map<std::string, std::string> templates;
  std::string key;
  for (const MigrationSet& set : sets) absl::StrAppend(&key, set.name, set.files.size(), ";");
  std::string& ready = templates[key];
  const std::string prefix = absl::StrCat("rostrum_test_", getpid(), "_");
  if (ready.empty()) {
    const std::string name = absl::StrCat(prefix, "template_", templates.size());
    Execute(absl::StrCat("CREATE DATABASE ", name));
    const absl::StatusOr<int> applied = Migrate({.url = UrlOf(name)}, sets);
    if (!applied.ok()) {
      std::cerr << applied.status() << std::endl;
      std::abort();
    }
    ready = name;
  }
  const std::string name = absl::StrCat(prefix, ++count);
  Execute(absl::StrCat("CREATE DATABASE ", name, " TEMPLATE ", ready));
  return UrlOf(name);
}

std::vector<MigrationSet> MigrationsOf(const std::string& service,
                                       std::vector<EmbeddedFile> files) {
  return {{"common", common_migrations::Files()}, {service, std::move(files)}};
}

void Execute(PgPool& pool, const std::string& sql) {
  const absl::Status status = RunTx(pool, [&](Transaction& tx) {
    tx.exec(sql);
    return absl::OkStatus();
  });
  if (status.ok()) return;
  std::cerr << status << ": " << sql << std::endl;
  std::abort();
}

}  // namespace rostrum
