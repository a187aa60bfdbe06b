#include "gateway/web/article_cache.h"

#include <utility>

namespace rostrum::gateway {

namespace cpb = rostrum::content::v1;

ArticleCache::ArticleCache(size_t max_bytes, Clock& clock)
    : clock_(clock),
      posts_(max_bytes / 4),
      comments_(max_bytes / 4),
      cards_(max_bytes / 16),
      pages_(max_bytes - 2 * (max_bytes / 4) - max_bytes / 16) {}

template <class Message>
KeptPtr<Message> ArticleCache::NewKept(Message message, absl::Time load_time,
                                       const KeptPtr<Message>& before, std::string version) {
  auto kept = std::make_shared<Kept<Message>>();
  // Compared without the lock, because every page needs it.
  if (before != nullptr && before->message.SerializeAsString() == message.SerializeAsString()) {
    kept->number = before->number;
  } else {
    absl::MutexLock lock(&mu_);
    kept->number = ++last_number_;
  }
  kept->message = std::move(message);
  kept->load_time = load_time;
  kept->version = std::move(version);
  return kept;
}

std::shared_ptr<const KnownPost> ArticleCache::FindPost(const std::string& path) {
  return posts_.Find(path);
}

void ArticleCache::Learn(const std::string& path, const std::string& post_id) {
  const auto known = posts_.Find(path);
  if (known != nullptr && known->post_id == post_id) return;
  auto post = std::make_shared<KnownPost>();
  post->post_id = post_id;
  posts_.Put(path, std::move(post), 0);
}

KeptPtr<cpb::Post> ArticleCache::KeepPost(const std::string& path, const std::string& version,
                                          absl::Time load_time, cpb::Post post) {
  const std::string post_id = post.summary().post_id();
  const bool whole = !post.body_html().empty();
  auto known = std::make_shared<KnownPost>();
  if (const auto before = posts_.Find(path); before != nullptr && before->post_id == post_id) {
    *known = *before;
  }
  known->post_id = post_id;
  KeptPtr<cpb::Post>& kept = whole ? known->body : known->preview;
  KeptPtr<cpb::Post>& other = whole ? known->preview : known->body;
  kept = NewKept(std::move(post), load_time, kept, version);
  if (other != nullptr && other->version != version) other = nullptr;
  size_t bytes = 0;
  for (const KeptPtr<cpb::Post>& part : {known->body, known->preview}) {
    if (part != nullptr) bytes += part->message.SpaceUsedLong();
  }
  posts_.Put(path, known, bytes);
  return kept;
}

void ArticleCache::PostChanged(const std::string& post_id) {
  const absl::Time until = clock_.Now() + kLease;
  absl::MutexLock lock(&mu_);
  if (post_changes_.size() >= kMaxKept && !post_changes_.contains(post_id)) {
    post_changes_.clear();
    others_changed_ = until;
  }
  post_changes_[post_id] = until;
}

void ArticleCache::AllPostsChanged() {
  const absl::Time until = clock_.Now() + kLease;
  absl::MutexLock lock(&mu_);
  post_changes_.clear();
  others_changed_ = until;
}

void ArticleCache::PostChangesKnownUntil(absl::Time time) {
  absl::MutexLock lock(&mu_);
  changes_known_until_ = time;
}

bool ArticleCache::IsUsableWhileAway(const KnownPost& known, absl::Time last_answer) {
  if (known.body == nullptr || clock_.Now() - known.body->load_time >= kWhileAway) return false;
  absl::MutexLock lock(&mu_);
  if (last_answer > changes_known_until_ + kUntold) return false;
  const auto change = post_changes_.find(known.post_id);
  return known.body->load_time > (change == post_changes_.end() ? others_changed_ : change->second);
}

KeptPtr<ArticleCache::Comments> ArticleCache::FindComments(const std::string& post_id) {
  const KeptPtr<Comments> kept = comments_.Find(post_id);
  return kept != nullptr && IsFresh(kept->load_time) ? kept : nullptr;
}

int64_t ArticleCache::BeginComments(const std::string& post_id) {
  absl::MutexLock lock(&mu_);
  if (comments_generations_.size() >= kMaxKept) comments_generations_.clear();
  const auto [entry, is_new] = comments_generations_.try_emplace(post_id);
  if (is_new) entry->second = ++last_generation_;
  return entry->second;
}

KeptPtr<ArticleCache::Comments> ArticleCache::KeepComments(const std::string& post_id,
                                                           int64_t begun, absl::Time load_time,
                                                           Comments comments) {
  const KeptPtr<Comments> kept = NewKept(std::move(comments), load_time, comments_.Find(post_id));
  absl::MutexLock lock(&mu_);
  const auto present = comments_generations_.find(post_id);
  if (present != comments_generations_.end() && present->second == begun) {
    comments_.Put(post_id, kept, kept->message.SpaceUsedLong());
  }
  return kept;
}

void ArticleCache::CommentsChanged(const std::string& post_id) {
  absl::MutexLock lock(&mu_);
  comments_generations_.erase(post_id);
  comments_.Drop(post_id);
}

void ArticleCache::AllCommentsChanged() {
  absl::MutexLock lock(&mu_);
  comments_generations_.clear();
  comments_.Clear();
}

KeptPtr<ArticleCache::Card> ArticleCache::FindCard(const std::string& author_id) {
  const KeptPtr<Card> kept = cards_.Find(author_id);
  return kept != nullptr && IsFresh(kept->load_time) ? kept : nullptr;
}

int64_t ArticleCache::BeginCard() {
  absl::MutexLock lock(&mu_);
  return cards_generation_;
}

KeptPtr<ArticleCache::Card> ArticleCache::KeepCard(const std::string& author_id, int64_t begun,
                                                   absl::Time load_time, Card card) {
  const KeptPtr<Card> kept = NewKept(std::move(card), load_time, cards_.Find(author_id));
  absl::MutexLock lock(&mu_);
  if (begun == cards_generation_) cards_.Put(author_id, kept, kept->message.SpaceUsedLong());
  return kept;
}

void ArticleCache::CardsChanged() {
  absl::MutexLock lock(&mu_);
  ++cards_generation_;
  cards_.Clear();
}

void ArticleCache::KeepPage(const std::string& key, StoredResponsePtr page) {
  const size_t bytes = page->bytes();
  pages_.Put(key, std::move(page), bytes);
}

}  // namespace rostrum::gateway
