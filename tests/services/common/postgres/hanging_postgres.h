#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

#include "pqxx/pqxx"

namespace rostrum {

// While it lives, the PostgreSQL of a URL hangs, on this machine: its kernel takes what is
// sent and also connections, and nobody answers.
class HangingPostgres {
 public:
  explicit HangingPostgres(const std::string& url) {
    pqxx::connection connection(url);
    pqxx::nontransaction session(connection);
    Stop(session.exec1("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int")[0]
             .as<pid_t>());
    // No more of them begin.
    for (const pqxx::row& row :
         session.exec("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                      " AND pid <> pg_backend_pid()")) {
      Stop(row[0].as<pid_t>());
    }
  }
  ~HangingPostgres() {
    for (const pid_t pid : stopped_) kill(pid, SIGCONT);
  }
  HangingPostgres(const HangingPostgres&) = delete;
  HangingPostgres& operator=(const HangingPostgres&) = delete;

 private:
  void Stop(pid_t pid) {
    if (kill(pid, SIGSTOP) == 0) stopped_.push_back(pid);
  }

  std::vector<pid_t> stopped_;
};

}  // namespace rostrum
