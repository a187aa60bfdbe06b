#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/comment/comment_store.h"
#include "services/common/base/status.h"

namespace rostrum::comment {

// A CommentStore in memory, held to the same contract as the real one.
class FakeCommentStore final : public CommentStore {
 public:
  absl::Status outage;  // what everything answers, unless OK

  absl::StatusOr<std::optional<Comment>> FindRepeated(const IdempotencyKey& key) override {
    absl::MutexLock lock(&mu_);
    return FindKnown(key);
  }

  absl::StatusOr<Comment> Create(const NewComment& comment, const IdempotencyKey& key) override {
    absl::MutexLock lock(&mu_);
    ASSIGN_OR_RETURN(const std::optional<Comment> known, FindKnown(key));
    if (known.has_value()) return *known;
    int depth = 0;
    if (comment.parent_id.has_value()) {
      const auto parent = comments_.find(*comment.parent_id);
      if (parent == comments_.end() || parent->second.subject != comment.subject) {
        return Error(absl::StatusCode::kNotFound, "PARENT_NOT_FOUND", "no such comment");
      }
      RETURN_IF_ERROR(CheckReplyTo(parent->second));
      ++parent->second.reply_count;
      depth = parent->second.depth + 1;
    }
    Comment stored{
        .id = comment.id,
        .subject = comment.subject,
        .parent_id = comment.parent_id,
        .author_id = comment.author_id,
        // A known name stays, as account tells new ones.
        .author_name = names_.emplace(comment.author_id, comment.author_name).first->second,
        .body = comment.body,
        .body_html = comment.body_html,
        .create_time = comment.create_time,
        .depth = depth};
    comments_[comment.id] = stored;
    if (!key.request_id.empty()) {
      requests_[{key.caller, key.method, key.request_id}] = {key.request_hash, comment.id};
    }
    return stored;
  }

  absl::StatusOr<Comment> Get(const CommentId& id) override {
    absl::MutexLock lock(&mu_);
    return Find(id);
  }

  absl::StatusOr<Comment> Update(const CommentId& id,
                                 const std::function<absl::Status(Comment&)>& change) override {
    absl::MutexLock lock(&mu_);
    ASSIGN_OR_RETURN(const Comment before, Find(id));
    Comment after = before;
    RETURN_IF_ERROR(change(after));
    if (after.version == before.version) return after;
    if (after.deleted()) {
      revisions_.erase(id);
    } else {
      std::vector<Revision>& kept = revisions_[id];
      kept.insert(kept.begin(), {before.body_html, before.edit_time.value_or(before.create_time)});
      if (kept.size() > kMaxRevisions) kept.pop_back();
    }
    comments_[id] = after;
    return after;
  }

  absl::StatusOr<std::vector<Comment>> List(const CommentQuery& query) override {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(outage);
    std::vector<Comment> found;
    for (const auto& [id, comment] : comments_) {
      if (query.parent_id.has_value() ? comment.parent_id != query.parent_id
                                      : comment.subject != query.subject) {
        continue;
      }
      if (!query.parent_id.has_value() && !query.flat && comment.parent_id.has_value()) continue;
      found.push_back(comment);
    }
    const auto place = [](const Comment& c) { return std::tie(c.create_time, c.id); };
    std::sort(found.begin(), found.end(), [&](const Comment& a, const Comment& b) {
      return query.newest_first ? place(b) < place(a) : place(a) < place(b);
    });
    if (query.after.has_value()) {
      const auto cursor = std::tie(query.after->create_time, query.after->id);
      std::erase_if(found, [&](const Comment& c) {
        return query.newest_first ? !(place(c) < cursor) : !(cursor < place(c));
      });
    }
    if (found.size() > static_cast<size_t>(query.limit)) found.resize(query.limit);
    return found;
  }

  absl::StatusOr<int> Count(const Subject& subject) override {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(outage);
    return static_cast<int>(
        std::count_if(comments_.begin(), comments_.end(), [&](const auto& entry) {
          return entry.second.subject == subject && !entry.second.deleted();
        }));
  }

  absl::StatusOr<std::vector<Revision>> ListRevisions(const CommentId& id) override {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(outage);
    const auto found = revisions_.find(id);
    return found == revisions_.end() ? std::vector<Revision>() : found->second;
  }

 private:
  static constexpr size_t kMaxRevisions = 50;

  absl::StatusOr<std::optional<Comment>> FindKnown(const IdempotencyKey& key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    RETURN_IF_ERROR(outage);
    const auto known = requests_.find({key.caller, key.method, key.request_id});
    if (key.request_id.empty() || known == requests_.end()) return std::optional<Comment>();
    if (known->second.first != key.request_hash) {
      return InvalidField("request_id", "REQUEST_ID_REUSED", "was used for another request");
    }
    return std::make_optional(comments_.at(known->second.second));
  }
  absl::StatusOr<Comment> Find(const CommentId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    RETURN_IF_ERROR(outage);
    const auto found = comments_.find(id);
    if (found == comments_.end()) {
      return Error(absl::StatusCode::kNotFound, "COMMENT_NOT_FOUND", "there is no such comment");
    }
    return found->second;
  }

  absl::Mutex mu_;
  std::map<CommentId, Comment> comments_ ABSL_GUARDED_BY(mu_);
  std::map<AccountId, std::string> names_ ABSL_GUARDED_BY(mu_);
  std::map<CommentId, std::vector<Revision>> revisions_ ABSL_GUARDED_BY(mu_);
  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::string, CommentId>>
      requests_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::comment
