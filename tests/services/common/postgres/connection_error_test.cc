#include "services/common/postgres/connection_error.h"

#include "gtest/gtest.h"

namespace rostrum {
namespace {

TEST(ConnectionErrorTest, NamesTheKindOfWhatLibpqSays) {
  const std::string server =
      "connection to server at \"db.example\" (10.0.0.1), port 5432 failed: ";
  const std::pair<std::string, std::string> kinds[] = {
      {server + "Connection refused\n\tIs the server running on that host?", "refused"},
      {server + "timeout expired", "timeout"},
      {server + "FATAL:  password authentication failed for user \"u\"", "not_authenticated"},
      {server + "FATAL:  sorry, too many clients already", "too_many_connections"},
      {server + "FATAL:  too many connections for role \"u\"", "too_many_connections"},
      {server + "FATAL:  the database system is starting up", "starting"},
      {server + "FATAL:  database \"d\" does not exist", "no_database_or_role"},
      {server + "server closed the connection unexpectedly", "lost"},
      {server + "SSL error: certificate verify failed", "tls"},
      {"could not translate host name \"db\" to address: Name or service not known",
       "unknown_host"},
      {"connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory",
       "no_socket"},
      {"SSL SYSCALL error: EOF detected", "lost"},
      {"missing \"=\" after \"secret\" in connection info string", "malformed_url"},
      {"what nobody has heard of", "other"},
  };
  for (const auto& [text, kind] : kinds) EXPECT_EQ(ConnectionErrorKind(text), kind) << text;
}

}  // namespace
}  // namespace rostrum
