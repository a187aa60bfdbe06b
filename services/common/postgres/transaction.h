#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/common/base/status.h"
#include "services/common/postgres/pool.h"
#include "services/common/trace/span.h"

namespace rostrum {

// Maps an error of PostgreSQL to a status; this is the only place that does. The driver's
// text goes to the log, never into the status:
//   unique violation -> ALREADY_EXISTS, the constraint's name as reason
//   foreign key      -> FAILED_PRECONDITION, the constraint's name as reason
//   check            -> INVALID_ARGUMENT, the constraint's name as reason
//   lost connection  -> UNAVAILABLE
//   lock timeout (55P03) -> UNAVAILABLE / ROW_LOCKED
//   statement timeout (57014) -> DEADLINE_EXCEEDED
//   disk full, too many connections (53xxx), shutting down (57P0x) -> UNAVAILABLE
//   else             -> INTERNAL
absl::Status FromPg(const std::exception& error);

// The place in the code that makes a transaction: the caller's, by the default
// arguments of the functions below. It names the transaction in metrics and
// traces: "Create" in services/comment/postgres_comment_store.cc is
// "comment_store.Create".
struct CallSite {
  const char* function;
  const char* file;
  std::string Name() const;
};

// A transaction of RunTx, RunRead or RunQuery.
class Transaction final : public pqxx::dbtransaction {
 public:
  // `begin`: the statements that begin it, sent in one round trip. Empty: the transaction is
  // that of the one statement that is executed; a second one is refused (std::logic_error).
  // `watch`: the connection's watch, which outlives this object.
  explicit Transaction(pqxx::connection& connection, std::string begin = "BEGIN",
                       Watchdog::Watch* watch = nullptr);
  ~Transaction() override;

  // Runs a statement with its arguments $1, $2, ... as a prepared statement: PostgreSQL can
  // keep its plan, and most of our statements take longer to plan than to run. Use
  // exec_params for a statement whose best plan depends on its arguments: it is planned
  // each time.
  template <class... Args>
  pqxx::result Exec(const std::string& sql, Args&&... args) {
    return exec_prepared(Prepared(sql), std::forward<Args>(args)...);
  }
  // The same for a statement that answers with exactly one row.
  template <class... Args>
  pqxx::row ExecOne(const std::string& sql, Args&&... args) {
    return exec_prepared1(Prepared(sql), std::forward<Args>(args)...);
  }

  // libpqxx's own, under the connection's Watchdog like the statements above.
  template <class... Args>
  pqxx::result exec_params(const std::string& sql, Args&&... args) {
    Expect();
    return dbtransaction::exec_params(sql, std::forward<Args>(args)...);
  }

  // The span ends with the commit; without one it ends as ABORTED.
  void Keep(Span span) { spans_.push_back(std::move(span)); }

 private:
  // Before each statement. Tells the Watchdog, because it may take the whole statement timeout.
  void Expect();
  std::string Prepared(const std::string& sql);
  void do_begin() override;
  pqxx::result do_exec(const char* sql) override;
  void do_commit() override;
  void do_abort() override;

  const std::string begin_;
  bool used_ = false;
  Watchdog::Watch* const watch_;
  std::vector<Span> spans_;
};

namespace pg_internal {
enum class TransactionKind { kChange, kRead, kQuery };

// Runs `body` in a transaction: commits if it returns OK, else rolls back. Runs it again
// after a serialization failure or deadlock (3 tries, then ABORTED), and once if the
// connection is lost before anything can have changed. Limits the time of a statement to
// what is left until the current request's deadline, that of a query to an eighth less.
absl::Status Run(PgPool& pool, TransactionKind kind, const CallSite& site,
                 const std::function<absl::Status(Transaction&)>& body);

template <class T, class F>
absl::StatusOr<T> RunFor(PgPool& pool, TransactionKind kind, const CallSite& site, F& body) {
  absl::StatusOr<T> result = absl::UnknownError("transaction did not run");
  absl::Status status = Run(pool, kind, site, [&](Transaction& tx) {
    result = body(tx);
    return result.status();
  });
  if (!status.ok()) return status;
  return result;
}
}  // namespace pg_internal

// Runs `body(Transaction&) -> absl::StatusOr<T>` in a transaction. `body` may run more than
// once, so it must call neither other services nor Redis.
template <class T, class F>
absl::StatusOr<T> RunTx(PgPool& pool, F&& body, const char* function = __builtin_FUNCTION(),
                        const char* file = __builtin_FILE()) {
  return pg_internal::RunFor<T>(pool, pg_internal::TransactionKind::kChange, {function, file},
                                body);
}

// The same for a body that returns absl::Status.
template <class F>
absl::Status RunTx(PgPool& pool, F&& body, const char* function = __builtin_FUNCTION(),
                   const char* file = __builtin_FILE()) {
  return pg_internal::Run(pool, pg_internal::TransactionKind::kChange, {function, file},
                          [&](Transaction& tx) -> absl::Status { return body(tx); });
}

// Several reads: one transaction that cannot write, all of whose statements see the same
// state.
template <class T, class F>
absl::StatusOr<T> RunRead(PgPool& pool, F&& body, const char* function = __builtin_FUNCTION(),
                          const char* file = __builtin_FILE()) {
  return pg_internal::RunFor<T>(pool, pg_internal::TransactionKind::kRead, {function, file}, body);
}

// A read by a single statement, which `body` executes once at most. PostgreSQL makes it a
// transaction of its own, so it takes one round trip instead of three. Nothing refuses a
// statement that writes: it might be carried out twice.
template <class T, class F>
absl::StatusOr<T> RunQuery(PgPool& pool, F&& body, const char* function = __builtin_FUNCTION(),
                           const char* file = __builtin_FILE()) {
  return pg_internal::RunFor<T>(pool, pg_internal::TransactionKind::kQuery, {function, file}, body);
}

}  // namespace rostrum
