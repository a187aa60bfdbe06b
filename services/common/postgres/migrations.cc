#include "services/common/postgres/migrations.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/postgres/transaction.h"

namespace rostrum {
namespace {

// Held until the connection ends. Any number will do, as long as every release locks the
// same one. Not pg_advisory_lock: CREATE INDEX CONCURRENTLY waits for all transactions, those
// of processes that wait for this lock too.
constexpr char kTryLock[] = "SELECT pg_try_advisory_lock(7206121)";
// Longer than an index of a large table takes.
constexpr absl::Duration kLockTime = absl::Hours(1);
constexpr absl::Duration kLockPause = absl::Milliseconds(200);

constexpr char kLockNotAvailable[] = "55P03";

// The first line of a migration whose statements run one by one.
constexpr absl::string_view kNoTransaction = "-- no transaction\n";

constexpr char kCreateTable[] = R"sql(
  CREATE TABLE IF NOT EXISTS schema_migrations (
    set_name text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    apply_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (set_name, version)
  ))sql";

// While a migration waits to lock a table that is being read, all later queries of the table
// wait behind it. So it gives up after a short time, and lets them through before the next try.
constexpr char kPatience[] = "SET statement_timeout = 0; SET lock_timeout = '2s'";
// CREATE INDEX CONCURRENTLY blocks no query, but waits for all transactions that began before
// it.
constexpr char kConcurrentPatience[] = "SET lock_timeout = '10min'";
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

// Waits until no other process migrates this database.
absl::Status LockMigrations(pqxx::connection& connection) {
  const absl::Time deadline = absl::Now() + kLockTime;
  bool logged = false;
  while (!pqxx::nontransaction(connection).exec1(kTryLock)[0].as<bool>()) {
    if (absl::Now() >= deadline) return Unavailable("another process has been migrating for long");
    if (!std::exchange(logged, true)) LogInfo("another process migrates: waiting for it");
    absl::SleepFor(kLockPause);
  }
  return absl::OkStatus();
}

// Whether the migration has yet to be applied. FAILED_PRECONDITION if it was applied with
// another text.
absl::StatusOr<bool> IsMissing(pqxx::connection& connection, const std::string& set_name,
                               const Migration& migration) {
  Transaction tx(connection);
  const std::map<int, std::string> applied = ReadApplied(tx, set_name);
  const auto known = applied.find(migration.version);
  if (known == applied.end()) return true;
  if (known->second == migration.checksum) return false;
  return absl::FailedPreconditionError(
      absl::StrCat(set_name, "/", migration.name, " was changed after it had been applied"));
}

void Record(Transaction& tx, const std::string& set_name, const Migration& migration) {
  tx.Exec(
      "INSERT INTO schema_migrations (set_name, version, name, checksum) VALUES ($1, $2, $3, $4)",
      set_name, migration.version, migration.name, migration.checksum);
}

// Runs each statement alone. If one fails, the effect of those before it stays, and all are run
// again at the next attempt: so each must be repeatable.
void ApplyStatements(pqxx::connection& connection, const std::string& set_name,
                     const Migration& migration) {
  pqxx::nontransaction(connection).exec(kConcurrentPatience);
  for (const absl::string_view statement :
       absl::StrSplit(migration.sql, ";\n", absl::SkipWhitespace())) {
    pqxx::nontransaction(connection).exec(std::string(statement));
  }
  pqxx::nontransaction(connection).exec(kPatience);
  Transaction tx(connection);
  Record(tx, set_name, migration);
  tx.commit();
}

void ApplyTransaction(pqxx::connection& connection, const std::string& set_name,
                      const Migration& migration) {
  Transaction tx(connection);
  tx.exec(migration.sql);
  Record(tx, set_name, migration);
  tx.commit();
}

// Applies it, and again if it could not get the lock of a table.
void ApplyPatiently(pqxx::connection& connection, const std::string& set_name,
                    const Migration& migration) {
  for (int tries = 1;; ++tries) {
    try {
      return ApplyTransaction(connection, set_name, migration);
    } catch (const pqxx::sql_error& error) {
      if (error.sqlstate() != kLockNotAvailable || tries == kTries) throw;
    }
    LogWarning("a migration waits for a lock", {{"migration", migration.name}, {"try", tries}});
    absl::SleepFor(kPause);
  }
}

// True if the migration was applied now, false if it had been before.
absl::StatusOr<bool> Apply(pqxx::connection& connection, const std::string& set_name,
                           const Migration& migration) {
  try {
    ASSIGN_OR_RETURN(const bool missing, IsMissing(connection, set_name, migration));
    if (!missing) return false;
    const bool alone = absl::StartsWith(migration.sql, kNoTransaction);
    (alone ? ApplyStatements : ApplyPatiently)(connection, set_name, migration);
    return true;
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat(set_name, "/", migration.name, ": ", error.what()));
  }
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
    RETURN_IF_ERROR(LockMigrations(*connection));
    pqxx::nontransaction(*connection).exec(kCreateTable);
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
