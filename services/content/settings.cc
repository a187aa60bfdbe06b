#include "services/content/settings.h"

#include <algorithm>

#include "services/common/redis/redis_settings.h"

namespace rostrum::content {
namespace {

// Within this time a change reaches the gateways that rely on its event (ArticleCache).
constexpr absl::Duration kTelling = absl::Milliseconds(250);
// Limited because authors wait this long with each change.
constexpr absl::Duration kMaxReadLease = absl::Seconds(1);

}  // namespace

ContentSettings ReadContentSettings(Settings& env) {
  ContentSettings settings;
  settings.redis = ReadRedisOptions(env);
  settings.subscription_target = ReadTarget(env, "subscription");
  settings.post_cache_bytes =
      static_cast<size_t>(env.Int("POST_CACHE_MIB", 64, 0, 1 << 20,
                                  "Memory for posts that were read lately, in MiB; 0: none."))
      << 20;
  settings.read_lease = env.Duration(
      "POST_READ_LEASE", absl::Milliseconds(250),
      "How long a post is shown without asking the database whether it changed; at most 1s. An "
      "author's change is answered after the same time, and at least 250 ms. Use the same value "
      "in all replicas: while some have a longer one, they may show the previous version. "
      "Without effect if POST_CACHE_MIB is 0.");
  if (settings.read_lease > kMaxReadLease) env.AddError("POST_READ_LEASE: more than 1s");
  if (settings.post_cache_bytes == 0) settings.read_lease = absl::ZeroDuration();
  // 1 % more: the clocks of two machines do not run at the same speed.
  settings.change_wait = std::max(settings.read_lease * 1.01, kTelling);
  settings.settle_interval = env.Duration("VIEW_SETTLE_INTERVAL", absl::Seconds(2),
                                          "How often views are moved into the database.");
  settings.schedule_interval =
      env.Duration("SCHEDULE_INTERVAL", absl::Seconds(1),
                   "How often content looks for scheduled posts to publish.");
  return settings;
}

}  // namespace rostrum::content
