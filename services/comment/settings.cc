#include "services/comment/settings.h"

#include "services/common/redis/redis_settings.h"

namespace rostrum::comment {
namespace {

constexpr int kMaxLimit = 1'000'000;

}  // namespace

CommentSettings ReadCommentSettings(Settings& env) {
  CommentSettings settings;
  settings.redis = ReadRedisCacheOptions(env);
  settings.content_target = ReadTarget(env, "content");
  settings.feed_target = ReadTarget(env, "feed");
  settings.account_target = ReadTarget(env, "account");
  settings.limits.per_minute.burst =
      env.Int("COMMENT_LIMIT_PER_MINUTE", settings.limits.per_minute.burst, 1, kMaxLimit,
              "Comments of one account in a minute.");
  settings.limits.per_day.burst = env.Int("COMMENT_LIMIT_PER_DAY", settings.limits.per_day.burst, 1,
                                          kMaxLimit, "Comments of one account in a day.");
  return settings;
}

}  // namespace rostrum::comment
