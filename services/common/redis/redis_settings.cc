#include "services/common/redis/redis_settings.h"

#include "absl/strings/str_cat.h"

namespace rostrum {
namespace {

RedisOptions Read(Settings& env, absl::string_view name, absl::string_view which) {
  RedisOptions options;
  options.url = env.Required(name, absl::StrCat(which, ", as redis://host:port or unix:/path."));
  options.command_timeout = env.Duration("REDIS_TIMEOUT", options.command_timeout,
                                         "How long Redis has for an answer; what waited goes on "
                                         "without it.");
  return options;
}

}  // namespace

RedisOptions ReadRedisOptions(Settings& env) {
  return Read(env, "REDIS_URL", "Redis that keeps what it is told");
}

RedisOptions ReadRedisCacheOptions(Settings& env) {
  return Read(env, "REDIS_CACHE_URL", "Redis for limits; may be lost");
}

}  // namespace rostrum
