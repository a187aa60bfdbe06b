#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/common/base/status.h"
#include "services/content/manuscript_store.h"
#include "services/content/slug.h"
#include "tests/services/content/fake_catalog_store.h"

namespace rostrum::content {

// A ManuscriptStore in memory, held to the same contract as the real one. It
// tells nobody, so there is nothing to announce.
class FakeManuscriptStore final : public ManuscriptStore {
 public:
  explicit FakeManuscriptStore(FakeCatalogStore& catalog) : catalog_(catalog) {}

  absl::StatusOr<Manuscript> Create(const Manuscript& manuscript,
                                    const IdempotencyKey& key) override {
    absl::MutexLock lock(&mu_);
    ASSIGN_OR_RETURN(const std::string known, requests_.Known(key));
    if (!known.empty()) return Load(PostId(known));
    RETURN_IF_ERROR(CheckReferences(manuscript.content));
    Manuscript created = manuscript;
    if (created.content.slug.empty()) created.content.slug = FreeSlug(created);
    RETURN_IF_ERROR(TakeSlug(created));
    manuscripts_[created.id] = created;
    requests_.Record(key, created.id.value());
    return Load(created.id);
  }

  absl::StatusOr<Manuscript> Get(const PostId& id) override {
    absl::MutexLock lock(&mu_);
    return Load(id);
  }

  absl::StatusOr<Manuscript> Update(
      const PostId& id, const std::function<absl::Status(Manuscript&)>& change) override {
    absl::MutexLock lock(&mu_);
    ASSIGN_OR_RETURN(const Manuscript before, Load(id));
    Manuscript after = before;
    RETURN_IF_ERROR(change(after));
    if (after.version == before.version) return after;
    RETURN_IF_ERROR(CheckReferences(after.content));
    RETURN_IF_ERROR(TakeSlug(after));
    if (after.content.markdown != before.content.markdown ||
        after.content.title != before.content.title) {
      std::vector<Revision>& revisions = revisions_[id];
      const int number = revisions.empty() ? 1 : revisions.front().revision + 1;
      revisions.insert(revisions.begin(), {number, before.content.title, before.content.markdown,
                                           before.text_time, before.text_account_id});
    }
    manuscripts_[id] = after;
    return Load(id);
  }

  absl::Status Delete(const PostId& id,
                      const std::function<absl::Status(const Manuscript&)>& check) override {
    absl::MutexLock lock(&mu_);
    ASSIGN_OR_RETURN(const Manuscript manuscript, Load(id));
    RETURN_IF_ERROR(check(manuscript));
    std::erase_if(slugs_, [&](const auto& entry) { return entry.second == id; });
    manuscripts_.erase(id);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Manuscript>> List(const ManuscriptQuery& query) override {
    absl::MutexLock lock(&mu_);
    std::vector<Manuscript> found;
    for (const auto& [id, stored] : manuscripts_) {
      Manuscript manuscript = Load(id).value();
      if (query.account_id.has_value() && manuscript.author_account_id != *query.account_id) {
        continue;
      }
      if (query.state.has_value() && manuscript.state != *query.state) continue;
      if (query.after.has_value() && std::tie(manuscript.update_time, id) >=
                                         std::tie(query.after->update_time, query.after->id)) {
        continue;
      }
      manuscript.content.markdown = manuscript.content.body_html = manuscript.content.preview_html =
          "";
      found.push_back(manuscript);
    }
    std::sort(found.begin(), found.end(), [](const Manuscript& a, const Manuscript& b) {
      return std::tie(b.update_time, b.id) < std::tie(a.update_time, a.id);
    });
    if (found.size() > static_cast<size_t>(query.limit)) found.resize(query.limit);
    return found;
  }

  absl::StatusOr<std::vector<Revision>> ListRevisions(const PostId& id, std::optional<int> before,
                                                      int limit) override {
    absl::MutexLock lock(&mu_);
    std::vector<Revision> revisions = revisions_[id];
    std::erase_if(revisions, [&](const Revision& r) { return before && r.revision >= *before; });
    if (revisions.size() > static_cast<size_t>(limit)) revisions.resize(limit);
    return revisions;
  }

  absl::StatusOr<int> PublishDue(absl::Time now, int limit) override {
    absl::MutexLock lock(&mu_);
    int count = 0;
    for (auto& [id, manuscript] : manuscripts_) {
      if (!manuscript.schedule_time || *manuscript.schedule_time > now || count == limit) continue;
      RETURN_IF_ERROR(Publish(manuscript, manuscript.schedule_time, "", now));
      ++count;
    }
    return count;
  }

  absl::StatusOr<int> AnnounceChanges(absl::Time, int) override { return 0; }

  // For FakePostStore: what a slug leads to, empty for nothing, and all there is.
  PostId OfSlug(const ChannelId& channel_id, const std::string& slug) {
    absl::MutexLock lock(&mu_);
    const auto found = slugs_.find({channel_id, slug});
    return found == slugs_.end() ? PostId() : found->second;
  }
  std::map<PostId, Manuscript> all() {
    absl::MutexLock lock(&mu_);
    return manuscripts_;
  }

 private:
  using Slugs = std::map<std::pair<ChannelId, std::string>, PostId>;

  absl::StatusOr<Manuscript> Load(const PostId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto found = manuscripts_.find(id);
    if (found == manuscripts_.end()) {
      return Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such manuscript");
    }
    Manuscript manuscript = found->second;
    manuscript.author_account_id =
        catalog_.FindAuthor(manuscript.content.author_id.value())->account_id;
    return manuscript;
  }

  absl::Status CheckReferences(const ManuscriptContent& content) {
    FieldChecks checks;
    const auto require = [&](bool there, const std::string& field) {
      checks.Require(there, "manuscript." + field, "NOT_FOUND", "is not there");
    };
    require(!content.channel_id || catalog_.FindChannel(content.channel_id->value()).ok(),
            "channel_id");
    require(catalog_.FindAuthor(content.author_id.value()).ok(), "author_id");
    require(!content.picture || catalog_.pictures.contains(content.picture->media_id),
            "picture.media_id");
    for (size_t i = 0; i < content.topic_ids.size(); ++i) {
      require(catalog_.FindTopic(content.topic_ids[i].value()).ok(),
              absl::StrCat("topic_ids[", i, "]"));
    }
    return checks.status();
  }

  std::string FreeSlug(const Manuscript& manuscript) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const std::vector<std::string> slugs = SlugsFor(manuscript.content.title, manuscript.id);
    const std::optional<ChannelId>& channel = manuscript.content.channel_id;
    if (!channel.has_value()) return slugs.front();
    for (const std::string& slug : slugs) {
      if (!slugs_.contains({*channel, slug})) return slug;
    }
    return slugs.back();
  }

  absl::Status TakeSlug(const Manuscript& manuscript) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Slugs slugs = slugs_;
    if (!manuscript.publish_time.has_value()) {
      std::erase_if(slugs, [&](const auto& entry) { return entry.second == manuscript.id; });
    }
    const ManuscriptContent& content = manuscript.content;
    if (content.channel_id.has_value() &&
        slugs.emplace(std::pair(*content.channel_id, content.slug), manuscript.id).first->second !=
            manuscript.id) {
      return Error(absl::StatusCode::kAlreadyExists, "SLUG_TAKEN", "the slug is taken");
    }
    slugs_ = slugs;
    return absl::OkStatus();
  }

  FakeCatalogStore& catalog_;
  absl::Mutex mu_;
  std::map<PostId, Manuscript> manuscripts_ ABSL_GUARDED_BY(mu_);
  std::map<PostId, std::vector<Revision>> revisions_ ABSL_GUARDED_BY(mu_);
  Slugs slugs_ ABSL_GUARDED_BY(mu_);
  FakeRequests requests_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::content
