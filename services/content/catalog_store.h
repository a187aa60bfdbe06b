#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/postgres/idempotency.h"
#include "services/content/catalog.h"

namespace rostrum::content {

// A place in a list by name: the last entry of a page.
struct NameCursor {
  std::string display_name;
  std::string id;
};

// Stores channels, topics and authors. Thread-safe. All methods may return UNAVAILABLE when
// the database cannot be reached; other codes are listed per method. Find takes an id or a
// slug; a former slug works too. A slug belongs forever to what had it first, so that a
// link never leads to something else.
class CatalogStore {
 public:
  virtual ~CatalogStore() = default;

  // Creates it once for each key. ALREADY_EXISTS / SLUG_TAKEN, INVALID_ARGUMENT /
  // REQUEST_ID_REUSED.
  virtual absl::StatusOr<Channel> CreateChannel(const Channel& channel,
                                                const IdempotencyKey& key) = 0;
  virtual absl::StatusOr<Topic> CreateTopic(const Topic& topic, const IdempotencyKey& key) = 0;
  // Also ALREADY_EXISTS / ACCOUNT_HAS_AUTHOR, INVALID_ARGUMENT (an avatar that does not
  // exist).
  virtual absl::StatusOr<Author> CreateAuthor(const Author& author, const IdempotencyKey& key) = 0;

  // NOT_FOUND / CHANNEL_NOT_FOUND, TOPIC_NOT_FOUND, AUTHOR_NOT_FOUND.
  virtual absl::StatusOr<Channel> FindChannel(const std::string& id_or_slug) = 0;
  virtual absl::StatusOr<Topic> FindTopic(const std::string& id_or_slug) = 0;
  virtual absl::StatusOr<Author> FindAuthor(const std::string& id_or_slug) = 0;
  virtual absl::StatusOr<Author> FindAuthorOf(const AccountId& account_id) = 0;

  // Changes it by `change`, which runs inside the transaction and may run more than once;
  // its error is returned and nothing is changed. If posts show what was changed, their
  // PostPublished events are written again later (ManuscriptStore::AnnounceChanges).
  // NOT_FOUND, ALREADY_EXISTS / SLUG_TAKEN.
  virtual absl::StatusOr<Channel> UpdateChannel(
      const ChannelId& id, const std::function<absl::Status(Channel&)>& change) = 0;
  virtual absl::StatusOr<Author> UpdateAuthor(
      const AuthorId& id, const std::function<absl::Status(Author&)>& change) = 0;

  // By display name, then id.
  virtual absl::StatusOr<std::vector<Channel>> ListChannels(const std::optional<NameCursor>& after,
                                                            int limit) = 0;
  virtual absl::StatusOr<std::vector<Topic>> ListTopics(const std::optional<NameCursor>& after,
                                                        int limit) = 0;
  virtual absl::StatusOr<std::vector<Author>> ListAuthors(const std::optional<NameCursor>& after,
                                                          int limit) = 0;
};

}  // namespace rostrum::content
