#include "services/common/postgres/connection_error.h"

#include <utility>

#include "absl/strings/match.h"

namespace rostrum {
namespace {

// The first kind whose text is found counts.
constexpr std::pair<const char*, const char*> kKinds[] = {
    {"authentication failed", "not_authenticated"},
    {"no pg_hba.conf entry", "not_authenticated"},
    {"no password supplied", "not_authenticated"},
    {"too many c", "too_many_connections"},  // clients; connections for role, for database
    {"connection slots are reserved", "too_many_connections"},
    {"is starting up", "starting"},
    {"is shutting down", "stopping"},
    {"in recovery mode", "recovering"},
    {"not currently accepting connections", "closed_to_connections"},
    {"terminating connection", "terminated"},
    {"closed the connection", "lost"},
    {"EOF detected", "lost"},
    {"Connection reset", "lost"},
    {"Broken pipe", "lost"},
    {"Connection timed out", "timeout"},
    {"timeout expired", "timeout"},
    {"Connection refused", "refused"},
    {"No such file", "no_socket"},
    {"could not translate host name", "unknown_host"},
    {"No route to host", "unreachable"},
    {"Network is unreachable", "unreachable"},
    {"certificate", "tls"},
    {"SSL", "tls"},
    {"does not exist", "no_database_or_role"},
    {"invalid", "malformed_url"},
    {"missing", "malformed_url"},
};

}  // namespace

std::string ConnectionErrorKind(const std::string& text) {
  for (const auto& [words, kind] : kKinds) {
    if (absl::StrContains(text, words)) return kind;
  }
  return "other";
}

}  // namespace rostrum
