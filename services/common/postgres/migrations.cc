#include "services/common/postgres/migrations.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/postgres/transaction.h"

namespace rostrum {
namespace {

// Any number will do, as long as every release locks the same one.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(7206121)";

constexpr char kLockNotAvailable[] = "55P03";

constexpr char kCreateTable[] = R"sql(
  CREATE TABLE IF NOT EXISTS schema_migrations (
    set_name text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    apply_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (set_name, version)
  ))sql";

// While a migration waits for a lock of a table that somebody reads, everybody else waits
// behind it. So it waits no longer than they can, and lets them through before the next try.
constexpr char kPatience[] = "SET statement_timeout = 0; SET lock_timeout = '2s'";
constexpr int kTries = 15;
constexpr absl::Duration kPause = absl::Seconds(2);

struct Migration {
  int version;
  std::string name;
  std::string sql;
  std::string checksum;
};

// The files of a set as migrations 1, 2, 3...
absl::StatusOr<std::vector<Migration>> Number(const MigrationSet& set) {
  std::vector<Migration> migrations;
  for (const EmbeddedFile& file : set.files) {
    int version = 0;
    if (!absl::EndsWith(file.name, ".sql") || file.name.size() < 9 || file.name[4] != '_' ||
        !absl::SimpleAtoi(file.name.substr(0, 4), &version)) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.name, " is not named 0001_what_it_does.sql"));
    }
    if (version != static_cast<int>(migrations.size()) + 1) {
      return absl::InvalidArgumentError(
          absl::StrCat(set.name, "/", file.name, " is not number ", migrations.size() + 1));
    }
    std::string sql = file.bytes.ToString();
    std::string checksum = Hex(Sha256(sql));
    migrations.push_back({version, file.name, std::move(sql), std::move(checksum)});
  }
  return migrations;
}

// Versions of a set that were applied, with their checksums.
std::map<int, std::string> ReadApplied(Transaction& tx, const std::string& set_name) {
  std::map<int, std::string> applied;
  for (const pqxx::row& row :
       tx.Exec("SELECT version, checksum FROM schema_migrations WHERE set_name = $1", set_name)) {
    applied[row[0].as<int>()] = row[1].as<std::string>();
  }
  return applied;
}

// Runs `body`, which commits by itself, in a transaction, again if it waited in vain for a
// lock: of a table, or of another process that migrates.
absl::Status RunPatiently(pqxx::connection& connection, const std::string& name,
                          const std::function<absl::Status(Transaction&)>& body) {
  for (int tries = 1;; ++tries) {
    try {
      Transaction tx(connection);
      tx.exec(kLock);  // for this transaction: others wait, then see it applied
      return body(tx);
    } catch (const pqxx::sql_error& error) {
      if (error.sqlstate() != kLockNotAvailable || tries == kTries) throw;
    }
    LogWarning("a migration waits for a lock", {{"migration", name}, {"try", tries}});
    absl::SleepFor(kPause);
  }
}

// Whether it had to be applied.
absl::StatusOr<bool> Apply(pqxx::connection& connection, const std::string& set_name,
                           const Migration& migration) {
  const std::string name = absl::StrCat(set_name, "/", migration.name);
  bool missing = false;
  try {
    RETURN_IF_ERROR(RunPatiently(connection, name, [&](Transaction& tx) -> absl::Status {
      const std::map<int, std::string> applied = ReadApplied(tx, set_name);
      const auto known = applied.find(migration.version);
      missing = known == applied.end();
      if (!missing) {
        if (known->second == migration.checksum) return absl::OkStatus();
        return absl::FailedPreconditionError(
            absl::StrCat(name, " was changed after it had been applied"));
      }
      tx.exec(migration.sql);
      tx.Exec(
          "INSERT INTO schema_migrations (set_name, version, name, checksum) VALUES ($1, $2, $3, "
          "$4)",
          set_name, migration.version, migration.name, migration.checksum);
      tx.commit();
      return absl::OkStatus();
    }));
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(name, ": ", error.what()));
  }
  return missing;
}

absl::StatusOr<int> ApplySet(pqxx::connection& connection, const MigrationSet& set) {
  ASSIGN_OR_RETURN(const std::vector<Migration> migrations, Number(set));
  int count = 0;
  for (const Migration& migration : migrations) {
    ASSIGN_OR_RETURN(const bool applied, Apply(connection, set.name, migration));
    if (!applied) continue;
    LogInfo("migration applied", {{"set", set.name}, {"migration", migration.name}});
    ++count;
  }
  return count;
}

}  // namespace

absl::StatusOr<int> Migrate(const PgOptions& options, const std::vector<MigrationSet>& sets) {
  try {
    const std::unique_ptr<pqxx::connection> connection = OpenConnection(options);
    pqxx::nontransaction(*connection).exec(kPatience);
    RETURN_IF_ERROR(RunPatiently(*connection, "schema_migrations", [](Transaction& tx) {
      tx.exec(kCreateTable);
      tx.commit();
      return absl::OkStatus();
    }));
    int count = 0;
    for (const MigrationSet& set : sets) {
      ASSIGN_OR_RETURN(const int applied, ApplySet(*connection, set));
      count += applied;
    }
    return count;
  } catch (const std::exception& error) {
    return FromPg(error);
  }
}

absl::StatusOr<bool> IsMigrated(PgPool& pool, const std::vector<MigrationSet>& sets) {
  return RunRead<bool>(pool, [&](Transaction& tx) -> absl::StatusOr<bool> {
    const pqxx::row table = tx.exec1("SELECT to_regclass('schema_migrations') IS NOT NULL");
    if (!table[0].as<bool>()) return false;
    for (const MigrationSet& set : sets) {
      const std::map<int, std::string> applied = ReadApplied(tx, set.name);
      if (applied.size() < set.files.size()) return false;
    }
    return true;
  });
}

}  // namespace rostrum
