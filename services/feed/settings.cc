#include "services/feed/settings.h"

namespace rostrum::feed {

FeedSettings ReadFeedSettings(Settings& env) {
  return {.content_target = ReadTarget(env, "content"),
          .subscription_target = ReadTarget(env, "subscription"),
          .account_target = ReadTarget(env, "account")};
}

}  // namespace rostrum::feed
