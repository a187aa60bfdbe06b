#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gateway/web/stored_page.h"
#include "rostrum/comment/v1/comment_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/base/clock.h"
#include "services/common/base/lru_cache.h"

namespace rostrum::gateway {

// Something kept, with a number that nothing else has but what is the same: pages made
// of it are known by the numbers of their parts.
template <class Message>
struct Kept {
  Message message;
  uint64_t number = 0;
  absl::Time load_time;  // when it was asked for
  std::string version;   // of posts
};
template <class Message>
using KeptPtr = std::shared_ptr<const Kept<Message>>;

// A post as it is known by its path. Each part only if some visitor was given it; both
// are of one version.
struct KnownPost {
  std::string post_id;
  KeptPtr<content::v1::Post> body;     // with the whole text
  KeptPtr<content::v1::Post> preview;  // with the preview
};

// What the gateway keeps of articles for visitors without an account. It decides
// nothing: every request asks content who may read (VisitorReads), and what is
// kept is shown only to whom that was decided for, in the version that content
// says is the present one. Thread-safe.
class ArticleCache {
 public:
  // Posts get a quarter of the bytes, pages the rest.
  ArticleCache(size_t max_bytes, Clock& clock);

  // Counters on the page and what no version tells (a topic's name) are at most
  // this old; texts are never.
  static constexpr absl::Duration kFresh = absl::Minutes(2);
  // How long what was read may be shown while content is away.
  static constexpr absl::Duration kWhileAway = absl::Minutes(10);
  bool IsFresh(absl::Time load_time) const { return clock_.Now() - load_time < kFresh; }

  std::shared_ptr<const KnownPost> FindPost(const std::string& path);
  // The post that stands at a path.
  void Learn(const std::string& path, const std::string& post_id);
  void Forget(const std::string& path) { posts_.Drop(path); }
  // Keeps one part of it as content sent it to who asked at `load_time`.
  KeptPtr<content::v1::Post> KeepPost(const std::string& path, const std::string& version,
                                      absl::Time load_time, content::v1::Post post);
  // A post was changed or withdrawn, or may have been: in a gap of the events.
  void PostChanged(const std::string& post_id);
  void AllPostsChanged();
  // All changes until then were told; InfinitePast if some are known not to be.
  void PostChangesKnownUntil(absl::Time time);
  // Whether its text may be shown while content is away: one that was asked for lately,
  // and after the last change of the post. `last_answer` is when content last answered
  // this gateway anything: changes must be known until then.
  bool IsOfUseWhileAway(const KnownPost& known, absl::Time last_answer);

  using Comments = comment::v1::ListCommentsResponse;
  // Null if there is none that is fresh.
  KeptPtr<Comments> FindComments(const std::string& post_id);
  // To be called before comments are asked for; its result is for KeepComments,
  // which keeps nothing if the discussion changed in between.
  int64_t BeginComments(const std::string& post_id);
  KeptPtr<Comments> KeepComments(const std::string& post_id, int64_t begun, absl::Time load_time,
                                 Comments comments);
  void CommentsChanged(const std::string& post_id);
  // After a gap in the events.
  void AllCommentsChanged();

  // What stands on the card of an author.
  using Card = content::v1::ListPostsResponse;
  KeptPtr<Card> FindCard(const std::string& author_id);
  // As BeginComments and KeepComments: kept only if nothing changed in between.
  int64_t BeginCard();
  KeptPtr<Card> KeepCard(const std::string& author_id, int64_t begun, absl::Time load_time,
                         Card card);
  // Something was published or withdrawn.
  void CardsChanged();

  // Pages, by what they were made of.
  std::shared_ptr<const StoredPage> FindPage(const std::string& key) { return pages_.Find(key); }
  void KeepPage(const std::string& key, std::shared_ptr<const StoredPage> page);

 private:
  // More discussions, cards and changes than this are not kept.
  static constexpr size_t kMaxKept = 10'000;
  // So long after a change content may still give out what was before: its leases end
  // within a second.
  static constexpr absl::Duration kLease = absl::Seconds(2);
  // What changes of the last moment before it fell silent content told nobody of: who
  // changes a post waits for longer.
  static constexpr absl::Duration kUntold = absl::Milliseconds(200);
  struct Discussion {
    int64_t generation = 0;
    KeptPtr<Comments> comments;
  };
  // In place of `before`, which may be null.
  template <class Message>
  KeptPtr<Message> NewKept(Message message, absl::Time load_time, const KeptPtr<Message>& before,
                           std::string version = "") ABSL_LOCKS_EXCLUDED(mu_);

  Clock& clock_;
  LruCache<std::shared_ptr<const KnownPost>> posts_;
  LruCache<std::shared_ptr<const StoredPage>> pages_;
  absl::Mutex mu_;
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t last_generation_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<std::string, Discussion> discussions_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, KeptPtr<Card>> cards_ ABSL_GUARDED_BY(mu_);
  int64_t cards_generation_ ABSL_GUARDED_BY(mu_) = 0;
  // Last changes of posts; those of others may be as late as `others_changed_`.
  absl::flat_hash_map<std::string, absl::Time> post_changes_ ABSL_GUARDED_BY(mu_);
  absl::Time others_changed_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time changes_known_until_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace rostrum::gateway
