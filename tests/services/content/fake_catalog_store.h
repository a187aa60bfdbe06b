#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/common/base/status.h"
#include "services/content/catalog_store.h"

namespace rostrum::content {

// The first outcomes of requests with an id, as the real stores keep them.
class FakeRequests {
 public:
  // The id of what the first call made, or empty for a new request.
  absl::StatusOr<std::string> Known(const IdempotencyKey& key) const {
    const auto known = results_.find({key.caller, key.method, key.request_id});
    if (key.request_id.empty() || known == results_.end()) return "";
    if (known->second.first == key.request_hash) return known->second.second;
    return InvalidField("request_id", "REQUEST_ID_REUSED", "was used for another request");
  }
  void Record(const IdempotencyKey& key, const std::string& id) {
    results_[{key.caller, key.method, key.request_id}] = {key.request_hash, id};
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::string, std::string>>
      results_;
};

// A CatalogStore in memory, held to the same contract as the real one.
class FakeCatalogStore final : public CatalogStore {
 public:
  std::set<MediaId> pictures;  // that there are

  absl::StatusOr<Channel> CreateChannel(const Channel& c, const IdempotencyKey& key) override {
    return Create(channels_, c, key);
  }
  absl::StatusOr<Topic> CreateTopic(const Topic& t, const IdempotencyKey& key) override {
    return Create(topics_, t, key);
  }
  absl::StatusOr<Author> CreateAuthor(const Author& a, const IdempotencyKey& key) override {
    return Create(authors_, a, key);
  }
  absl::StatusOr<Channel> FindChannel(const std::string& id_or_slug) override {
    return Find(channels_, id_or_slug);
  }
  absl::StatusOr<Topic> FindTopic(const std::string& id_or_slug) override {
    return Find(topics_, id_or_slug);
  }
  absl::StatusOr<Author> FindAuthor(const std::string& id_or_slug) override {
    return Find(authors_, id_or_slug);
  }
  absl::StatusOr<Author> FindAuthorOf(const AccountId& account_id) override {
    absl::MutexLock lock(&mu_);
    for (const auto& [id, author] : authors_.entries) {
      if (author.account_id == account_id) return author;
    }
    return NotFound(authors_);
  }
  absl::StatusOr<Channel> UpdateChannel(
      const ChannelId& id, const std::function<absl::Status(Channel&)>& change) override {
    return Update(channels_, id.value(), change);
  }
  absl::StatusOr<Author> UpdateAuthor(const AuthorId& id,
                                      const std::function<absl::Status(Author&)>& change) override {
    return Update(authors_, id.value(), change);
  }
  absl::StatusOr<std::vector<Channel>> ListChannels(const std::optional<NameCursor>& after,
                                                    int limit) override {
    return List(channels_, after, limit);
  }
  absl::StatusOr<std::vector<Topic>> ListTopics(const std::optional<NameCursor>& after,
                                                int limit) override {
    return List(topics_, after, limit);
  }
  absl::StatusOr<std::vector<Author>> ListAuthors(const std::optional<NameCursor>& after,
                                                  int limit) override {
    return List(authors_, after, limit);
  }

 private:
  template <class T>
  struct Shelf {
    const char* not_found;
    std::map<std::string, T> entries;
    std::map<std::string, std::string> slugs;  // to ids; former ones too
  };

  template <class T>
  static absl::Status NotFound(const Shelf<T>& shelf) {
    return Error(absl::StatusCode::kNotFound, shelf.not_found, "there is no such entry");
  }
  template <class T>
  static absl::Status TakeSlug(Shelf<T>& shelf, const T& entry) {
    if (shelf.slugs.emplace(entry.slug, entry.id.value()).first->second == entry.id.value()) {
      return absl::OkStatus();
    }
    return Error(absl::StatusCode::kAlreadyExists, "SLUG_TAKEN", "the slug is taken");
  }
  template <class T>
  absl::Status Check(const T&) {
    return absl::OkStatus();
  }
  absl::Status Check(const Author& author) {
    if (!author.avatar.empty() && !pictures.contains(author.avatar)) {
      return InvalidField("author.avatar_media_id", "NOT_FOUND", "there is no such picture");
    }
    for (const auto& [id, other] : authors_.entries) {
      if (author.account_id.empty() || other.account_id != author.account_id) continue;
      if (other.id == author.id) continue;
      return Error(absl::StatusCode::kAlreadyExists, "ACCOUNT_HAS_AUTHOR", "has an author");
    }
    return absl::OkStatus();
  }

  template <class T>
  absl::StatusOr<T> Create(Shelf<T>& shelf, const T& entry, const IdempotencyKey& key) {
    absl::MutexLock lock(&mu_);
    ASSIGN_OR_RETURN(const std::string known, requests_.Known(key));
    if (!known.empty()) return shelf.entries.at(known);
    RETURN_IF_ERROR(Check(entry));
    RETURN_IF_ERROR(TakeSlug(shelf, entry));
    requests_.Record(key, entry.id.value());
    return shelf.entries[entry.id.value()] = entry;
  }
  template <class T>
  absl::StatusOr<T> Find(const Shelf<T>& shelf, const std::string& id_or_slug) {
    absl::MutexLock lock(&mu_);
    const auto slug = shelf.slugs.find(id_or_slug);
    const auto found = shelf.entries.find(slug == shelf.slugs.end() ? id_or_slug : slug->second);
    if (found == shelf.entries.end()) return NotFound(shelf);
    return found->second;
  }
  template <class T>
  absl::StatusOr<T> Update(Shelf<T>& shelf, const std::string& id,
                           const std::function<absl::Status(T&)>& change) {
    absl::MutexLock lock(&mu_);
    const auto found = shelf.entries.find(id);
    if (found == shelf.entries.end()) return NotFound(shelf);
    T after = found->second;
    RETURN_IF_ERROR(change(after));
    if (after.version == found->second.version) return after;
    RETURN_IF_ERROR(Check(after));
    RETURN_IF_ERROR(TakeSlug(shelf, after));
    return found->second = after;
  }
  template <class T>
  absl::StatusOr<std::vector<T>> List(const Shelf<T>& shelf, const std::optional<NameCursor>& after,
                                      int limit) {
    absl::MutexLock lock(&mu_);
    std::map<std::pair<std::string, std::string>, T> sorted;
    for (const auto& [id, entry] : shelf.entries) sorted[{entry.display_name, id}] = entry;
    auto next =
        after.has_value() ? sorted.upper_bound({after->display_name, after->id}) : sorted.begin();
    std::vector<T> page;
    for (; next != sorted.end() && page.size() < static_cast<size_t>(limit); ++next) {
      page.push_back(next->second);
    }
    return page;
  }

  absl::Mutex mu_;
  Shelf<Channel> channels_{"CHANNEL_NOT_FOUND"};
  Shelf<Topic> topics_{"TOPIC_NOT_FOUND"};
  Shelf<Author> authors_{"AUTHOR_NOT_FOUND"};
  FakeRequests requests_;
};

}  // namespace rostrum::content
