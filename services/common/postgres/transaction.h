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

// The one table from PostgreSQL errors to statuses. The driver's text goes to
// the log, never into the status:
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

// A transaction of RunTx or RunRead.
class Transaction final : public pqxx::dbtransaction {
 public:
  // `settings`: statements that go with BEGIN, in one round trip. `watch`: that of the
  // connection, which outlives this.
  explicit Transaction(pqxx::connection& connection, const std::string& settings = "",
                       Watchdog::Watch* watch = nullptr);
  ~Transaction() override;

  // Runs a statement with its arguments, $1 and on. A connection keeps the plan: most of
  // our statements take longer to plan than to run. One whose best plan depends on its
  // arguments goes through exec_params, which plans it each time.
  template <class... Args>
  pqxx::result Exec(const std::string& sql, Args&&... args) {
    return exec_prepared(Prepared(sql), std::forward<Args>(args)...);
  }
  // The same for a statement that answers with exactly one row.
  template <class... Args>
  pqxx::row ExecOne(const std::string& sql, Args&&... args) {
    return exec_prepared1(Prepared(sql), std::forward<Args>(args)...);
  }

  // As libpqxx has it, and watched as the others are.
  template <class... Args>
  pqxx::result exec_params(const std::string& sql, Args&&... args) {
    Expect();
    return dbtransaction::exec_params(sql, std::forward<Args>(args)...);
  }

  // Ends with the commit, as what never was where there is none.
  void Keep(Span span) { spans_.push_back(std::move(span)); }

 private:
  // A statement begins, which has the statement timeout for itself.
  void Expect();
  std::string Prepared(const std::string& sql);
  void do_begin() override;
  pqxx::result do_exec(const char* sql) override;
  void do_commit() override;

  const std::string begin_;
  Watchdog::Watch* const watch_;
  std::vector<Span> spans_;
};

namespace pg_internal {
// Runs `body` in a transaction: commits if it returns OK, else aborts. Runs it
// again on serialization failures and deadlocks (3 tries, then ABORTED). Sets
// statement_timeout to what is left of the current request's deadline.
absl::Status Run(PgPool& pool, bool read_only, const CallSite& site,
                 const std::function<absl::Status(Transaction&)>& body);
}  // namespace pg_internal

// Runs `body(Transaction&) -> absl::StatusOr<T>` in a transaction. No RPC and no
// Redis call in it: it may run twice.
template <class T, class F>
absl::StatusOr<T> RunTx(PgPool& pool, F&& body, const char* function = __builtin_FUNCTION(),
                        const char* file = __builtin_FILE()) {
  absl::StatusOr<T> result = absl::UnknownError("transaction did not run");
  absl::Status status = pg_internal::Run(pool, false, {function, file}, [&](Transaction& tx) {
    result = body(tx);
    return result.status();
  });
  if (!status.ok()) return status;
  return result;
}

// The same for a body that returns absl::Status.
template <class F>
absl::Status RunTx(PgPool& pool, F&& body, const char* function = __builtin_FUNCTION(),
                   const char* file = __builtin_FILE()) {
  return pg_internal::Run(pool, false, {function, file},
                          [&](Transaction& tx) -> absl::Status { return body(tx); });
}

// A read: one transaction that cannot write, all of whose statements see the
// same state.
template <class T, class F>
absl::StatusOr<T> RunRead(PgPool& pool, F&& body, const char* function = __builtin_FUNCTION(),
                          const char* file = __builtin_FILE()) {
  absl::StatusOr<T> result = absl::UnknownError("transaction did not run");
  absl::Status status = pg_internal::Run(pool, true, {function, file}, [&](Transaction& tx) {
    result = body(tx);
    return result.status();
  });
  if (!status.ok()) return status;
  return result;
}

}  // namespace rostrum
