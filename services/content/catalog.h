#pragma once

#include <string>

#include "absl/time/time.h"
#include "services/common/base/ids.h"

namespace rostrum::content {

// What posts are sorted by.

struct Channel {
  ChannelId id;
  std::string slug;
  std::string display_name;
  std::string description;
  absl::Time create_time;
  int64_t version = 1;
  friend bool operator==(const Channel&, const Channel&) = default;
};

struct Topic {
  TopicId id;
  std::string slug;
  std::string display_name;
};

struct Author {
  AuthorId id;
  std::string slug;
  std::string display_name;
  std::string bio;
  AccountId account_id;  // empty for a byline without an account
  MediaId avatar;        // empty for none
  int64_t version = 1;
  friend bool operator==(const Author&, const Author&) = default;
};

// Counts a change of a channel or author. A call that changes nothing does not count: all
// posts that show it would be announced again.
template <class T>
void CountChange(const T& before, T& after) {
  if (after != before) ++after.version;
}

inline constexpr size_t kMaxCatalogSlug = 60;
inline constexpr size_t kMaxDisplayName = 60;
inline constexpr size_t kMaxDescription = 500;

}  // namespace rostrum::content
