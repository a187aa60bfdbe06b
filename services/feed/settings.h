#pragma once

#include <string>

#include "services/common/base/settings.h"

namespace rostrum::feed {

// The settings of this service, beyond those that every service has.
struct FeedSettings {
  std::string content_target;
  std::string subscription_target;
  std::string account_target;
};

// Declares and reads them; errors are collected in `env`.
FeedSettings ReadFeedSettings(Settings& env);

}  // namespace rostrum::feed
