#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace rostrum {

// Where a Redis is.
struct RedisAddress {
  std::string host;
  int port = 6379;
  std::string unix_path;  // instead of host and port
  std::string password;
  int database = 0;
};

// Parses "redis://[:password@]host[:port][/db]" or "unix:/path".
// INVALID_ARGUMENT if it is neither.
absl::StatusOr<RedisAddress> ParseRedisUrl(const std::string& url);

}  // namespace rostrum
