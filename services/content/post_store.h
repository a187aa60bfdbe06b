#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/content/post.h"

namespace rostrum::content {

// Which post: its id, or channel (id or slug) and slug.
struct PostRef {
  std::optional<PostId> id;
  std::string channel;
  std::string slug;
};

// A place in a list of posts: the last post of a page.
struct PostCursor {
  absl::Time publish_time;
  PostId id;
};

// Filters are combined.
struct PostQuery {
  std::optional<ChannelId> channel_id;
  std::optional<AuthorId> author_id;
  std::optional<TopicId> topic_id;
  std::optional<AccessLevel> access_level;
  std::optional<PostCursor> after;
  int limit = 20;
};

// What a decision about access needs to know of a post.
struct PostFacts {
  PostId id;
  bool published = false;
  AccessLevel access_level = subscription::v1::ACCESS_LEVEL_PREMIUM;
  AccountId author_account_id;  // empty if the author has no account
  // Whoever changes it is answered only after that (CachedPostStore).
  absl::Duration lease = absl::ZeroDuration();
};

// What stands for all that a reader sees of a published post but counters.
struct PostVersion {
  PostFacts facts;
  ReaderVersion version;
};

enum class TextPart { kBody, kPreview };

// A text that somebody may have, as it was decided for a post of this access level.
struct TextRef {
  PostId id;
  AccessLevel decided_for = subscription::v1::ACCESS_LEVEL_PREMIUM;
  TextPart part = TextPart::kPreview;

  friend auto operator<=>(const TextRef&, const TextRef&) = default;
};

// Where a post stands now.
struct SlugPair {
  std::string channel;
  std::string slug;

  friend auto operator<=>(const SlugPair&, const SlugPair&) = default;
};

// NOT_FOUND / POST_NOT_FOUND.
absl::Status PostNotFound();

// Reads published posts. Thread-safe. All methods may return UNAVAILABLE when
// the database cannot be reached; other codes are listed per method.
class PostStore {
 public:
  virtual ~PostStore() = default;

  // NOT_FOUND / POST_NOT_FOUND unless it is published. Former slugs work too.
  virtual absl::StatusOr<PostSummary> Find(const PostRef& ref) = 0;

  // The published ones of these posts.
  virtual absl::StatusOr<std::map<PostId, PostSummary>> FindAll(const std::vector<PostId>& ids) = 0;

  // The published posts that stand at these places. Former slugs lead nowhere.
  virtual absl::StatusOr<std::map<SlugPair, PostId>> Resolve(
      const std::vector<SlugPair>& places) = 0;

  // NOT_FOUND / POST_NOT_FOUND; drafts are found.
  virtual absl::StatusOr<PostFacts> GetFacts(const PostId& id) = 0;

  // The published ones of these posts, each once.
  virtual absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) = 0;

  // A state of what versions stand for. Opaque.
  struct Look {
    std::string state;
    // Whether any version that could be had in the state `since` may be another one in
    // this: true if `since` is empty or of another history of the database.
    bool changed = true;
  };
  virtual absl::StatusOr<Look> LookForChanges(const std::string& since) = 0;

  // HTML of published posts, read only after it was decided who may have it. Without
  // those that no longer have the access level for which that was decided, or are no
  // longer published.
  virtual absl::StatusOr<std::map<TextRef, std::string>> GetTexts(
      const std::vector<TextRef>& refs) = 0;
  // One of them. UNAVAILABLE / POST_CHANGED if it is not there.
  absl::StatusOr<std::string> GetText(const TextRef& ref);

  // Published posts, newest first, by (publish_time, id).
  virtual absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) = 0;
};

}  // namespace rostrum::content
