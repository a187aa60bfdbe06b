#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rostrum/subscription/v1/access_service.pb.h"
#include "services/content/catalog.h"

namespace rostrum::content {

using AccessLevel = subscription::v1::AccessLevel;

// The picture of a post.
struct Picture {
  MediaId media_id;
  std::string caption;
  std::string credit;
  std::string alt_text;
  int width = 0;  // in pixels; set when the post is read
  int height = 0;

  // Compares what the author sets, not the size.
  friend bool operator==(const Picture& a, const Picture& b) {
    return a.media_id == b.media_id && a.caption == b.caption && a.credit == b.credit &&
           a.alt_text == b.alt_text;
  }
};

// A published post without its text.
struct PostSummary {
  PostId id;
  std::string slug;
  std::string title;
  std::string lede;
  Channel channel;
  Author author;
  std::vector<Topic> topics;
  AccessLevel access_level = subscription::v1::ACCESS_LEVEL_METERED;
  std::optional<Picture> picture;
  absl::Time publish_time;
  std::optional<absl::Time> revise_time;
  int word_count = 0;
  int64_t view_count = 0;
  int64_t unique_view_count = 0;
  int64_t version = 1;
};

// The version of a post as readers see it. It covers the post itself, its channel, its
// author and its access level. A later version is greater, also when the post moves to
// another channel or author, because that changes the version of the post itself.
struct ReaderVersion {
  int64_t post = 0;
  int64_t channel = 0;
  int64_t author = 0;
  AccessLevel access_level = subscription::v1::ACCESS_LEVEL_PREMIUM;

  friend auto operator<=>(const ReaderVersion&, const ReaderVersion&) = default;
  std::string ToString() const {
    return absl::StrCat(post, ".", channel, ".", author, ".", static_cast<int>(access_level));
  }
};

inline ReaderVersion VersionOf(const PostSummary& post) {
  return {post.version, post.channel.version, post.author.version, post.access_level};
}

}  // namespace rostrum::content
