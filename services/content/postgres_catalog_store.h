#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/common/postgres/pool.h"
#include "services/content/catalog_store.h"

namespace rostrum::content {

class PostgresCatalogStore final : public CatalogStore {
 public:
  explicit PostgresCatalogStore(PgPool& pool) : pool_(pool) {}

  absl::StatusOr<Channel> CreateChannel(const Channel& channel, const IdempotencyKey& key) override;
  absl::StatusOr<Topic> CreateTopic(const Topic& topic, const IdempotencyKey& key) override;
  absl::StatusOr<Author> CreateAuthor(const Author& author, const IdempotencyKey& key) override;
  absl::StatusOr<Channel> FindChannel(const std::string& id_or_slug) override;
  absl::StatusOr<Topic> FindTopic(const std::string& id_or_slug) override;
  absl::StatusOr<Author> FindAuthor(const std::string& id_or_slug) override;
  absl::StatusOr<Author> FindAuthorOf(const AccountId& account_id) override;
  absl::StatusOr<Channel> UpdateChannel(
      const ChannelId& id, const std::function<absl::Status(Channel&)>& change) override;
  absl::StatusOr<Author> UpdateAuthor(const AuthorId& id,
                                      const std::function<absl::Status(Author&)>& change) override;
  absl::StatusOr<std::vector<Channel>> ListChannels(const std::optional<NameCursor>& after,
                                                    int limit) override;
  absl::StatusOr<std::vector<Topic>> ListTopics(const std::optional<NameCursor>& after,
                                                int limit) override;
  absl::StatusOr<std::vector<Author>> ListAuthors(const std::optional<NameCursor>& after,
                                                  int limit) override;

 private:
  PgPool& pool_;
};

}  // namespace rostrum::content
