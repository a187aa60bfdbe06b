#pragma once

#include "services/common/base/settings.h"
#include "services/common/redis/redis.h"

namespace rostrum {

// Where the Redis is that keeps what it is told (REDIS_URL), or the one that may be
// lost (REDIS_CACHE_URL), and how long it has for an answer.
RedisOptions ReadRedisOptions(Settings& env);
RedisOptions ReadRedisCacheOptions(Settings& env);

}  // namespace rostrum
