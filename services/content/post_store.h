#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/content/post.h"

namespace rostrum::content {

// Names a post: by its id, or by its channel (id or slug) and slug.
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

// A post must meet all filters that are set.
struct PostQuery {
  std::optional<ChannelId> channel_id;
  std::optional<AuthorId> author_id;
  std::optional<TopicId> topic_id;
  std::optional<AccessLevel> access_level;
  std::optional<PostCursor> after;
  int limit = 20;
};

// The facts about a post that a decision about access needs.
struct PostFacts {
  PostId id;
  bool published = false;
  AccessLevel access_level = subscription::v1::ACCESS_LEVEL_PREMIUM;
  AccountId author_account_id;  // empty if the author has no account
  // How long these facts may be relied on: a change of the post is confirmed to its author
  // only after that (CachedPostStore).
  absl::Duration lease = absl::ZeroDuration();
};

// The version of everything that readers see of a published post, except counters.
struct PostVersion {
  PostFacts facts;
  ReaderVersion version;
};

enum class TextPart { kBody, kPreview };

// A text that a reader may have; that was decided for a post of this access level.
struct TextRef {
  PostId id;
  AccessLevel decided_for = subscription::v1::ACCESS_LEVEL_PREMIUM;
  TextPart part = TextPart::kPreview;

  friend auto operator<=>(const TextRef&, const TextRef&) = default;
};

// The present place of a post.
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

  // The summaries of these posts, without those that are not published.
  virtual absl::StatusOr<std::map<PostId, PostSummary>> FindAll(const std::vector<PostId>& ids) = 0;

  // The published posts at these places. Former slugs are not found.
  virtual absl::StatusOr<std::map<SlugPair, PostId>> Resolve(
      const std::vector<SlugPair>& places) = 0;

  // Also for drafts. NOT_FOUND / POST_NOT_FOUND.
  virtual absl::StatusOr<PostFacts> GetFacts(const PostId& id) = 0;

  // The versions of these posts, without those that are not published.
  virtual absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) = 0;

  // A snapshot of all changes to what versions cover. Opaque.
  struct Look {
    std::string state;
    // Whether any version may have changed between the state `since` and this one. True if
    // `since` is empty or from another history of the database (a failover or a restore).
    bool changed = true;
  };
  virtual absl::StatusOr<Look> LookForChanges(const std::string& since) = 0;

  // HTML of published posts; call it only after it was decided who may have it. Leaves out
  // posts whose access level is no longer the one for which that was decided, and posts
  // that are no longer published.
  virtual absl::StatusOr<std::map<TextRef, std::string>> GetTexts(
      const std::vector<TextRef>& refs) = 0;
  // One text. UNAVAILABLE / POST_CHANGED if GetTexts leaves it out.
  absl::StatusOr<std::string> GetText(const TextRef& ref);

  // Published posts, newest first, by (publish_time, id).
  virtual absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) = 0;
};

}  // namespace rostrum::content
