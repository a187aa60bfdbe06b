#pragma once

#include <string>

#include "services/comment/comment_service.h"
#include "services/common/base/settings.h"
#include "services/common/redis/redis.h"

namespace rostrum::comment {

// The settings of this service, beyond those that every service has.
struct CommentSettings {
  RedisOptions redis;
  std::string content_target;
  std::string feed_target;
  std::string account_target;
  CommentLimits limits;
};

// Declares and reads them; errors are collected in `env`.
CommentSettings ReadCommentSettings(Settings& env);

}  // namespace rostrum::comment
