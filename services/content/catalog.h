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
};

inline constexpr size_t kMaxCatalogSlug = 60;
inline constexpr size_t kMaxDisplayName = 60;
inline constexpr size_t kMaxDescription = 500;

}  // namespace rostrum::content
