#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gateway/proxy/stored_response.h"
#include "rostrum/comment/v1/comment_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/base/clock.h"
#include "services/common/base/lru_cache.h"

namespace rostrum::gateway {

// A cached message with a number. Two cached messages have the same number only if they are
// equal, so the key of a rendered page is made of the numbers of its parts.
template <class Message>
struct Kept {
  Message message;
  uint64_t number = 0;
  absl::Time load_time;  // when it was asked for
  std::string version;   // of a post; empty for others
};
template <class Message>
using KeptPtr = std::shared_ptr<const Kept<Message>>;

// A post at a path. Each part is set only if it was sent to some visitor; both are of the
// same version.
struct KnownPost {
  std::string post_id;
  KeptPtr<content::v1::Post> body;     // with the whole text
  KeptPtr<content::v1::Post> preview;  // with the preview
};

// What the gateway caches of articles for visitors without an account; members' pages use
// only which post is at a path, and the cards. The cache decides nothing: every request asks
// content who may read (VisitorReads). A cached text is shown only to the visitor to whom
// content granted it, and only in the version that content named as the current one.
// Thread-safe.
class ArticleCache {
 public:
  // Posts and discussions get a quarter of the bytes each, cards a sixteenth, pages the rest.
  ArticleCache(size_t max_bytes, Clock& clock);

  // Counters on the page, and data that no version covers (a topic's name), are at most
  // this old. Texts are never out of date.
  static constexpr absl::Duration kFresh = absl::Minutes(2);
  // How long a text may be shown after it was loaded, while content is unavailable.
  static constexpr absl::Duration kWhileAway = absl::Minutes(10);
  bool IsFresh(absl::Time load_time) const { return clock_.Now() - load_time < kFresh; }

  std::shared_ptr<const KnownPost> FindPost(const std::string& path);
  // Remembers which post is at a path.
  void Learn(const std::string& path, const std::string& post_id);
  void Forget(const std::string& path) { posts_.Drop(path); }
  // Caches one part of a post, which content sent to a visitor who asked at `load_time`.
  KeptPtr<content::v1::Post> KeepPost(const std::string& path, const std::string& version,
                                      absl::Time load_time, content::v1::Post post);
  // A post was changed or withdrawn. AllPostsChanged: events were missed, so any post may
  // have been.
  void PostChanged(const std::string& post_id);
  void AllPostsChanged();
  // All changes before `time` were reported. InfinitePast while some are known to be
  // missing.
  void PostChangesKnownUntil(absl::Time time);
  // Whether the text of a post may be shown while content is unavailable: it was loaded
  // within kWhileAway and after the last change of the post. `last_answer` is when content
  // last answered this gateway anything: the changes must be known up to then.
  bool IsUsableWhileAway(const KnownPost& known, absl::Time last_answer);

  using Comments = comment::v1::ListCommentsResponse;
  // Null if there is none that is fresh.
  KeptPtr<Comments> FindComments(const std::string& post_id);
  // Call it before asking for comments, and pass the result to KeepComments, which caches
  // nothing if the discussion has changed in between.
  int64_t BeginComments(const std::string& post_id);
  KeptPtr<Comments> KeepComments(const std::string& post_id, int64_t begun, absl::Time load_time,
                                 Comments comments);
  void CommentsChanged(const std::string& post_id);
  // Events were missed.
  void AllCommentsChanged();

  // The posts on the card of an author.
  using Card = content::v1::ListPostsResponse;
  KeptPtr<Card> FindCard(const std::string& author_id);
  // As BeginComments and KeepComments: kept only if nothing changed in between.
  int64_t BeginCard();
  KeptPtr<Card> KeepCard(const std::string& author_id, int64_t begun, absl::Time load_time,
                         Card card);
  // Something was published or withdrawn.
  void CardsChanged();

  // Rendered pages, by the numbers of their parts and everything else that they show.
  StoredResponsePtr FindPage(const std::string& key) { return pages_.Find(key); }
  void KeepPage(const std::string& key, StoredResponsePtr page);

 private:
  // The changes of more posts and discussions than this are not kept.
  static constexpr size_t kMaxKept = 10'000;
  // For this long after a change, content may still send the state before it: its leases
  // end within a second.
  static constexpr absl::Duration kLease = absl::Seconds(2);
  // Before it became unavailable, content may not have reported the changes of this last
  // moment. That does no harm: a change is confirmed to its author only after a longer
  // time.
  static constexpr absl::Duration kUntold = absl::Milliseconds(200);
  // Replaces `before`, which may be null; an equal message keeps its number.
  template <class Message>
  KeptPtr<Message> NewKept(Message message, absl::Time load_time, const KeptPtr<Message>& before,
                           std::string version = "") ABSL_LOCKS_EXCLUDED(mu_);

  Clock& clock_;
  LruCache<std::shared_ptr<const KnownPost>> posts_;
  LruCache<KeptPtr<Comments>> comments_;
  LruCache<KeptPtr<Card>> cards_;
  LruCache<StoredResponsePtr> pages_;
  absl::Mutex mu_;
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t last_generation_ ABSL_GUARDED_BY(mu_) = 0;
  // Of discussions that were asked for; gone, or another, once they have changed. They and
  // the cards are put and dropped under the lock.
  absl::flat_hash_map<std::string, int64_t> comments_generations_ ABSL_GUARDED_BY(mu_);
  int64_t cards_generation_ ABSL_GUARDED_BY(mu_) = 0;
  // Times of the last changes of posts. Posts that are not in the map may have changed
  // until `others_changed_`.
  absl::flat_hash_map<std::string, absl::Time> post_changes_ ABSL_GUARDED_BY(mu_);
  absl::Time others_changed_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time changes_known_until_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace rostrum::gateway
