#pragma once

#include <string>

#include "absl/time/time.h"

namespace rostrum::feed {

// What can be followed. The numbers are stored in the database.
enum class FollowKind { kChannel = 1, kAuthor = 2, kTopic = 3 };

// A channel, an author or a topic.
struct Target {
  FollowKind kind;
  std::string id;  // a UUID, of a channel, an author or a topic
  std::string display_name;
  std::string slug;
};

// Something that an account follows.
struct Follow {
  Target target;
  absl::Time create_time;
};

inline constexpr int kMaxFollows = 5000;

}  // namespace rostrum::feed
