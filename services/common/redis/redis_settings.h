#pragma once

#include "services/common/base/settings.h"
#include "services/common/redis/redis.h"

namespace rostrum {

// The options of the Redis whose data must survive a restart (REDIS_URL), or of the one
// whose data may be lost (REDIS_CACHE_URL), with the time that it has to answer.
RedisOptions ReadRedisOptions(Settings& env);
RedisOptions ReadRedisCacheOptions(Settings& env);

}  // namespace rostrum
