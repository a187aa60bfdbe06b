#include "services/common/postgres/transaction.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "services/common/base/log.h"
#include "services/common/postgres/connection_error.h"
#include "services/common/postgres/sql_error.h"
#include "services/common/rpc/request_context.h"
#include "services/common/trace/span.h"
#include "services/common/trace/store_outcome.h"

namespace rostrum {
namespace {

using pg_internal::TransactionKind;

constexpr int kMaxAttempts = 3;
constexpr absl::Duration kLeastTime = absl::Milliseconds(20);
constexpr absl::Duration kPause = absl::Milliseconds(10);
// A query with less time is put into a transaction, whose limit ends with it: that of the session
// also holds for the next BEGIN.
constexpr absl::Duration kLeastAlone = absl::Seconds(1);
// Limit for one kind of log line: while the database is away or slow, each request causes one.
constexpr int64_t kLinesPerSecond = 10;

// The connection was lost; then the message comes from libpq, not from PostgreSQL.
bool IsLost(const std::exception& error) {
  return dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr ||
         dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr;
}

bool IsBroken(const std::exception& error) {
  return IsLost(error) || dynamic_cast<const pqxx::usage_error*>(&error) != nullptr ||
         dynamic_cast<const pqxx::internal_error*>(&error) != nullptr;
}

// The time left for statements until the deadline of the request being served. By the real
// clock, because the database is real in tests too.
absl::StatusOr<absl::Duration> StatementTimeout(const PgOptions& options) {
  const absl::Duration left = RequestContext::Current().TimeLeft();
  if (left < kLeastTime) return OutOfTime("no time is left for this request");
  return std::min(left, options.statement_timeout);
}

// What begins a transaction; nothing for a query.
std::string BeginOf(TransactionKind kind, absl::Duration statement_timeout) {
  if (kind == TransactionKind::kQuery) return "";
  return absl::StrCat(
      "BEGIN; ",
      kind == TransactionKind::kRead
          ? "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
          : "",
      "SET LOCAL statement_timeout = ", absl::ToInt64Milliseconds(statement_timeout));
}

void LogDatabaseError(const std::exception& error, const std::string& state) {
  // PostgreSQL's messages about bad data quote the data, and libpq's contain addresses.
  const bool quotes = absl::StartsWith(state, "22") || absl::StartsWith(state, "23");
  const std::string text = IsLost(error) ? ConnectionErrorKind(error.what())
                           : quotes      ? ""
                                         : error.what();
  static LogBudget lines(kLinesPerSecond);
  lines.Log(LogLevel::kError, "database error", {{"error", text}, {"sqlstate", state}});
}

struct Attempt {
  absl::Status status;
  bool conflict = false;  // run it again
  bool lost = false;      // with the connection, and nothing has changed
};

Attempt RunOnce(PgPool::Lease& lease, TransactionKind kind, absl::Duration timeout, bool* broken,
                const std::function<absl::Status(Transaction&)>& body) {
  if (kind == TransactionKind::kQuery && timeout < kLeastAlone) kind = TransactionKind::kRead;
  bool may_change = false;
  try {
    if (kind == TransactionKind::kQuery) lease.LimitStatements(timeout);
    Transaction tx(*lease, BeginOf(kind, timeout), &lease.Expect(timeout));
    may_change = kind != TransactionKind::kQuery;
    absl::Status status = body(tx);
    if (status.ok()) tx.commit();
    return {.status = std::move(status)};
  } catch (const pqxx::serialization_failure&) {
    return {.status = Error(absl::StatusCode::kAborted, "CONFLICT", "the change kept conflicting"),
            .conflict = true};
  } catch (const pqxx::deadlock_detected&) {
    return {.status = Error(absl::StatusCode::kAborted, "CONFLICT", "the change kept conflicting"),
            .conflict = true};
  } catch (const pqxx::feature_not_supported& error) {
    // A migration changed the result type of a prepared statement: it works again on a new
    // connection.
    *broken = absl::StrContains(error.what(), "cached plan");
    return {.status = FromPg(error), .conflict = *broken};
  } catch (const std::exception& error) {
    *broken = IsBroken(error);
    return {.status = FromPg(error), .lost = *broken && !may_change};
  }
}

}  // namespace

std::string ConstraintName(const std::string& message) {
  // ... constraint "accounts_email_key" ...
  const size_t word = message.find("constraint \"");
  if (word == std::string::npos) return "";
  const size_t begin = word + sizeof("constraint \"") - 1;
  const size_t end = message.find('"', begin);
  if (end == std::string::npos) return "";
  return absl::AsciiStrToUpper(message.substr(begin, end - begin));
}

absl::Status FromPg(const std::exception& error) {
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  const auto with_constraint = [&](absl::StatusCode code, absl::string_view message) {
    return Error(code, ConstraintName(error.what()), message);
  };
  if (dynamic_cast<const pqxx::unique_violation*>(&error) != nullptr) {
    return with_constraint(absl::StatusCode::kAlreadyExists, "it exists already");
  }
  if (dynamic_cast<const pqxx::foreign_key_violation*>(&error) != nullptr) {
    return with_constraint(absl::StatusCode::kFailedPrecondition,
                           "something it refers to is missing");
  }
  if (dynamic_cast<const pqxx::check_violation*>(&error) != nullptr) {
    return with_constraint(absl::StatusCode::kInvalidArgument, "a value is out of its range");
  }
  const std::string state = sql == nullptr ? "" : sql->sqlstate();
  if (state == "57014") {
    static LogBudget lines(kLinesPerSecond);
    lines.Log(LogLevel::kWarning, "a statement took too long", {{"error", error.what()}});
    return Error(absl::StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT",
                 "the database took too long");
  }
  if (state == "55P03") {
    static LogBudget lines(kLinesPerSecond);
    lines.Log(LogLevel::kWarning, "a lock took too long", {{"error", error.what()}});
    return RetryLater(absl::StatusCode::kUnavailable, kRowLocked,
                      "what this changes is being changed", absl::Seconds(1));
  }
  LogDatabaseError(error, state);
  if (IsBroken(error) || absl::StartsWith(state, "53") || absl::StartsWith(state, "57P") ||
      absl::StartsWith(state, "08")) {
    return Unavailable("the database cannot be reached");
  }
  return absl::InternalError("database error");
}

Transaction::Transaction(pqxx::connection& connection, std::string begin, Watchdog::Watch* watch)
    : namedclass("transaction"),
      dbtransaction(connection),
      begin_(std::move(begin)),
      watch_(watch) {
  Begin();
}

Transaction::~Transaction() {
  End();
  for (Span& span : spans_) span.Fail(absl::StatusCodeToString(absl::StatusCode::kAborted));
}

void Transaction::Expect() {
  if (begin_.empty() && std::exchange(used_, true)) {
    throw std::logic_error("a query has one statement");
  }
  if (watch_ != nullptr) watch_->ExpectAgain();
}

std::string Transaction::Prepared(const std::string& sql) {
  Expect();
  // A hash, because PostgreSQL cuts names at 63 characters. libpqxx throws if two statements
  // have the same name.
  std::string name = absl::StrCat("q", absl::Hex(std::hash<std::string>()(sql)));
  conn().prepare(name, sql);
  return name;
}

void Transaction::do_begin() {
  if (!begin_.empty()) direct_exec(begin_.c_str());
}

void Transaction::do_abort() {
  if (!begin_.empty()) dbtransaction::do_abort();
}

pqxx::result Transaction::do_exec(const char* sql) {
  Expect();
  return dbtransaction::do_exec(sql);
}

void Transaction::do_commit() {
  if (!begin_.empty()) {
    Expect();
    try {
      direct_exec("COMMIT");
    } catch (const std::exception& error) {
      if (conn().is_open()) throw;
      throw pqxx::in_doubt_error(error.what());
    }
  }
  spans_.clear();
}

std::string CallSite::Name() const {
  absl::string_view stem = file;
  stem.remove_prefix(stem.rfind('/') == absl::string_view::npos ? 0 : stem.rfind('/') + 1);
  stem = stem.substr(0, stem.find('.'));
  absl::ConsumePrefix(&stem, "postgres_");
  return absl::StrCat(stem, ".", function);
}

namespace pg_internal {
namespace {

absl::Status RunUntilDone(PgPool& pool, TransactionKind kind,
                          const std::function<absl::Status(Transaction&)>& body) {
  bool reconnected = false;
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(PgPool::Lease lease, pool.Acquire());
    ASSIGN_OR_RETURN(const absl::Duration timeout, StatementTimeout(pool.options()));
    bool broken = false;
    Attempt result = RunOnce(lease, kind, timeout, &broken, body);
    if (broken) {
      lease.Discard();
    } else {
      lease.Answered();
    }
    if (result.lost && !reconnected) {
      reconnected = true;  // the other idle connections are probably dead too
      pool.DiscardIdle();
      continue;
    }
    if (result.conflict && broken) pool.DiscardIdle();  // their plans are as old
    if (!result.conflict || attempt >= kMaxAttempts) return result.status;
    // Lets the transaction that won the conflict go first: the locks that this one released go
    // to the next that asks for them, even if others have waited longer.
    absl::SleepFor(kPause * attempt);
  }
}

}  // namespace

absl::Status Run(PgPool& pool, TransactionKind kind, const CallSite& site,
                 const std::function<absl::Status(Transaction&)>& body) {
  const std::string name = site.Name();
  ScopedSpan span(SpanKind::kClient, name);
  if (span->recorded()) {
    span->Set({"db.system", "postgresql"});
    span->Set({"rostrum.access", kind == TransactionKind::kChange ? "write" : "read"});
  }
  const auto start = std::chrono::steady_clock::now();
  absl::Status status = RunUntilDone(pool, kind, body);
  pool.QuerySeconds(name).Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  MarkOutcome(*span, status);
  return status;
}

}  // namespace pg_internal
}  // namespace rostrum
