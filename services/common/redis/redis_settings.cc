#include "services/common/redis/redis_settings.h"

#include "absl/strings/str_cat.h"
#include "services/common/redis/redis_url.h"

namespace rostrum {
namespace {

RedisOptions Read(Settings& env, absl::string_view name, absl::string_view which) {
  RedisOptions options;
  options.url = env.Required(name, absl::StrCat(which, ", as redis://host:port or unix:/path."));
  if (const auto address = ParseRedisUrl(options.url); !options.url.empty() && !address.ok()) {
    env.AddError(absl::StrCat(name, ": ", std::string(address.status().message())));
  }
  options.command_timeout = env.Duration("REDIS_TIMEOUT", options.command_timeout,
                                         "How long to wait for an answer of Redis before going "
                                         "on without it.");
  return options;
}

}  // namespace

RedisOptions ReadRedisOptions(Settings& env) {
  return Read(env, "REDIS_URL", "Redis that keeps its data on disk");
}

RedisOptions ReadRedisCacheOptions(Settings& env) {
  return Read(env, "REDIS_CACHE_URL", "Redis for limits, whose data may be lost");
}

}  // namespace rostrum
