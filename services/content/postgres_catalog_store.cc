#include "services/content/postgres_catalog_store.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"
#include "services/content/slug.h"

namespace rostrum::content {
namespace {

// The differences between the three kinds of entry, one specialisation for each kind.
template <class T>
struct Kind;

template <>
struct Kind<Channel> {
  static constexpr char kName[] = "channel";
  static constexpr char kNotFound[] = "CHANNEL_NOT_FOUND";
  static constexpr char kId[] = "t.channel_id";
  static constexpr char kSelect[] = R"sql(
    SELECT t.channel_id, t.slug, t.display_name, t.description, t.create_time, t.version
    FROM channels t )sql";
  static Channel Read(const pqxx::row& row) {
    return {.id = ReadId<ChannelId>(row[0]),
            .slug = ReadText(row[1]),
            .display_name = ReadText(row[2]),
            .description = ReadText(row[3]),
            .create_time = ReadTime(row[4]),
            .version = row[5].as<int64_t>()};
  }
};

template <>
struct Kind<Topic> {
  static constexpr char kName[] = "topic";
  static constexpr char kNotFound[] = "TOPIC_NOT_FOUND";
  static constexpr char kId[] = "t.topic_id";
  static constexpr char kSelect[] = "SELECT t.topic_id, t.slug, t.display_name FROM topics t ";
  static Topic Read(const pqxx::row& row) {
    return {
        .id = ReadId<TopicId>(row[0]), .slug = ReadText(row[1]), .display_name = ReadText(row[2])};
  }
};

template <>
struct Kind<Author> {
  static constexpr char kName[] = "author";
  static constexpr char kNotFound[] = "AUTHOR_NOT_FOUND";
  static constexpr char kId[] = "t.author_id";
  static constexpr char kSelect[] = R"sql(
    SELECT t.author_id, t.slug, t.display_name, t.bio, t.account_id, t.avatar_media_id, t.version
    FROM authors t )sql";
  static Author Read(const pqxx::row& row) {
    return {.id = ReadId<AuthorId>(row[0]),
            .slug = ReadText(row[1]),
            .display_name = ReadText(row[2]),
            .bio = ReadText(row[3]),
            .account_id = ReadOptionalId<AccountId>(row[4]).value_or(AccountId()),
            .avatar = ReadOptionalId<MediaId>(row[5]).value_or(MediaId()),
            .version = row[6].as<int64_t>()};
  }
};

constexpr char kTakeSlug[] = R"sql(
  INSERT INTO catalog_slugs (kind, slug, id) VALUES ($1, $2, $3)
  ON CONFLICT (kind, slug) DO NOTHING)sql";
constexpr char kSlugOwner[] = "SELECT id FROM catalog_slugs WHERE kind = $1 AND slug = $2";

constexpr char kInsertChannel[] = R"sql(
  INSERT INTO channels (channel_id, slug, display_name, description, create_time)
  VALUES ($1, $2, $3, $4, $5))sql";
constexpr char kInsertTopic[] =
    "INSERT INTO topics (topic_id, slug, display_name) VALUES ($1, $2, $3)";
constexpr char kInsertAuthor[] = R"sql(
  INSERT INTO authors (author_id, slug, display_name, bio, account_id, avatar_media_id)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT ON CONSTRAINT authors_account DO NOTHING)sql";
constexpr char kUpdateChannel[] = R"sql(
  UPDATE channels SET slug = $2, display_name = $3, description = $4, version = $5
  WHERE channel_id = $1)sql";
constexpr char kUpdateAuthor[] = R"sql(
  UPDATE authors SET slug = $2, display_name = $3, bio = $4, avatar_media_id = $5, version = $6
  WHERE author_id = $1)sql";
constexpr char kAnnounce[] = R"sql(
  INSERT INTO announcements (kind, id) VALUES ($1, $2)
  ON CONFLICT (kind, id) DO UPDATE SET after = NULL)sql";

template <class IdType>
std::optional<std::string> NullIfEmpty(const IdType& id) {
  return id.empty() ? std::nullopt : std::make_optional(id.value());
}

template <class T>
absl::Status NotFound() {
  return Error(absl::StatusCode::kNotFound, Kind<T>::kNotFound,
               absl::StrCat("there is no such ", Kind<T>::kName));
}

template <class T>
absl::StatusOr<T> LoadById(Transaction& tx, const std::string& id, bool lock = false) {
  const pqxx::result rows = tx.Exec(
      absl::StrCat(Kind<T>::kSelect, "WHERE ", Kind<T>::kId, " = $1", lock ? " FOR UPDATE" : ""),
      id);
  if (rows.empty()) return NotFound<T>();
  return Kind<T>::Read(rows[0]);
}

template <class T>
absl::StatusOr<T> Find(PgPool& pool, const std::string& id_or_slug) {
  if (!IsUuid(id_or_slug) && !IsSlug(id_or_slug, kMaxCatalogSlug)) return NotFound<T>();
  return RunQuery<T>(pool, [&](Transaction& tx) -> absl::StatusOr<T> {
    if (IsUuid(id_or_slug)) return LoadById<T>(tx, id_or_slug);
    const pqxx::result rows =
        tx.Exec(absl::StrCat(Kind<T>::kSelect, "JOIN catalog_slugs s ON s.id = ", Kind<T>::kId,
                             " WHERE s.kind = $1 AND s.slug = $2"),
                Kind<T>::kName, id_or_slug);
    if (rows.empty()) return NotFound<T>();
    return Kind<T>::Read(rows[0]);
  });
}

template <class T>
absl::StatusOr<std::vector<T>> List(PgPool& pool, const std::optional<NameCursor>& after,
                                    int limit) {
  std::optional<std::string> name, id;
  if (after.has_value()) {
    name = after->display_name;
    id = after->id;
  }
  return RunQuery<std::vector<T>>(pool, [&](Transaction& tx) -> absl::StatusOr<std::vector<T>> {
    const pqxx::result rows = tx.Exec(absl::StrCat(Kind<T>::kSelect,
                                                   R"sql(WHERE $1::text IS NULL
                           OR (t.display_name COLLATE "und-x-icu", )sql",
                                                   Kind<T>::kId,
                                                   R"sql() > ($1::text, $2::uuid)
                           ORDER BY t.display_name COLLATE "und-x-icu", )sql",
                                                   Kind<T>::kId, " LIMIT $3"),
                                      name, id, limit);
    std::vector<T> entries;
    entries.reserve(rows.size());
    for (const pqxx::row& row : rows) entries.push_back(Kind<T>::Read(row));
    return entries;
  });
}

template <class T>
absl::Status TakeSlug(Transaction& tx, const T& entry) {
  tx.Exec(kTakeSlug, Kind<T>::kName, entry.slug, entry.id.value());
  const pqxx::result owner = tx.Exec(kSlugOwner, Kind<T>::kName, entry.slug);
  if (!owner.empty() && ReadText(owner[0][0]) == entry.id.value()) return absl::OkStatus();
  return Error(absl::StatusCode::kAlreadyExists, "SLUG_TAKEN",
               absl::StrCat("the slug belongs to another ", Kind<T>::kName));
}

absl::Status CheckAvatar(Transaction& tx, const MediaId& avatar) {
  if (avatar.empty()) return absl::OkStatus();
  if (!tx.Exec("SELECT 1 FROM media WHERE media_id = $1", avatar.value()).empty()) {
    return absl::OkStatus();
  }
  return InvalidField("author.avatar_media_id", "NOT_FOUND", "there is no such picture");
}

// Makes an entry, once for each key. `insert` writes its row.
template <class T, class F>
absl::StatusOr<T> Create(PgPool& pool, const T& entry, const IdempotencyKey& key, F&& insert) {
  return RunTx<T>(pool, [&](Transaction& tx) -> absl::StatusOr<T> {
    ASSIGN_OR_RETURN(const std::optional<std::string> known,
                     ClaimIdempotencyKey(tx, key, entry.id.value()));
    if (known.has_value()) return LoadById<T>(tx, *known);
    RETURN_IF_ERROR(TakeSlug(tx, entry));
    RETURN_IF_ERROR(insert(tx));
    return LoadById<T>(tx, entry.id.value());
  });
}

// Changes an entry and has its posts announced again. `update` writes its row.
template <class T, class F>
absl::StatusOr<T> Update(PgPool& pool, const std::string& id,
                         const std::function<absl::Status(T&)>& change, F&& update) {
  return RunTx<T>(pool, [&](Transaction& tx) -> absl::StatusOr<T> {
    ASSIGN_OR_RETURN(const T before, LoadById<T>(tx, id, /*lock=*/true));
    T after = before;
    RETURN_IF_ERROR(change(after));
    if (after.version == before.version) return after;
    if (after.slug != before.slug) RETURN_IF_ERROR(TakeSlug(tx, after));
    RETURN_IF_ERROR(update(tx, after));
    tx.Exec(kAnnounce, Kind<T>::kName, id);
    return after;
  });
}

}  // namespace

absl::StatusOr<Channel> PostgresCatalogStore::CreateChannel(const Channel& channel,
                                                            const IdempotencyKey& key) {
  return Create<Channel>(pool_, channel, key, [&](Transaction& tx) {
    tx.Exec(kInsertChannel, channel.id.value(), channel.slug, channel.display_name,
            channel.description, SqlTime(channel.create_time));
    return absl::OkStatus();
  });
}

absl::StatusOr<Topic> PostgresCatalogStore::CreateTopic(const Topic& topic,
                                                        const IdempotencyKey& key) {
  return Create<Topic>(pool_, topic, key, [&](Transaction& tx) {
    tx.Exec(kInsertTopic, topic.id.value(), topic.slug, topic.display_name);
    return absl::OkStatus();
  });
}

absl::StatusOr<Author> PostgresCatalogStore::CreateAuthor(const Author& author,
                                                          const IdempotencyKey& key) {
  return Create<Author>(pool_, author, key, [&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(CheckAvatar(tx, author.avatar));
    const pqxx::result inserted =
        tx.Exec(kInsertAuthor, author.id.value(), author.slug, author.display_name, author.bio,
                NullIfEmpty(author.account_id), NullIfEmpty(author.avatar));
    if (inserted.affected_rows() == 1) return absl::OkStatus();
    return Error(absl::StatusCode::kAlreadyExists, "ACCOUNT_HAS_AUTHOR",
                 "the account has an author already");
  });
}

absl::StatusOr<Channel> PostgresCatalogStore::FindChannel(const std::string& id_or_slug) {
  return Find<Channel>(pool_, id_or_slug);
}

absl::StatusOr<Topic> PostgresCatalogStore::FindTopic(const std::string& id_or_slug) {
  return Find<Topic>(pool_, id_or_slug);
}

absl::StatusOr<Author> PostgresCatalogStore::FindAuthor(const std::string& id_or_slug) {
  return Find<Author>(pool_, id_or_slug);
}

absl::StatusOr<Author> PostgresCatalogStore::FindAuthorOf(const AccountId& account_id) {
  return RunQuery<Author>(pool_, [&](Transaction& tx) -> absl::StatusOr<Author> {
    const pqxx::result rows =
        tx.Exec(absl::StrCat(Kind<Author>::kSelect, "WHERE t.account_id = $1"), account_id.value());
    if (rows.empty()) return NotFound<Author>();
    return Kind<Author>::Read(rows[0]);
  });
}

absl::StatusOr<Channel> PostgresCatalogStore::UpdateChannel(
    const ChannelId& id, const std::function<absl::Status(Channel&)>& change) {
  return Update<Channel>(pool_, id.value(), change, [&](Transaction& tx, const Channel& after) {
    tx.Exec(kUpdateChannel, id.value(), after.slug, after.display_name, after.description,
            after.version);
    return absl::OkStatus();
  });
}

absl::StatusOr<Author> PostgresCatalogStore::UpdateAuthor(
    const AuthorId& id, const std::function<absl::Status(Author&)>& change) {
  return Update<Author>(pool_, id.value(), change,
                        [&](Transaction& tx, const Author& after) -> absl::Status {
                          RETURN_IF_ERROR(CheckAvatar(tx, after.avatar));
                          tx.Exec(kUpdateAuthor, id.value(), after.slug, after.display_name,
                                  after.bio, NullIfEmpty(after.avatar), after.version);
                          return absl::OkStatus();
                        });
}

absl::StatusOr<std::vector<Channel>> PostgresCatalogStore::ListChannels(
    const std::optional<NameCursor>& after, int limit) {
  return List<Channel>(pool_, after, limit);
}

absl::StatusOr<std::vector<Topic>> PostgresCatalogStore::ListTopics(
    const std::optional<NameCursor>& after, int limit) {
  return List<Topic>(pool_, after, limit);
}

absl::StatusOr<std::vector<Author>> PostgresCatalogStore::ListAuthors(
    const std::optional<NameCursor>& after, int limit) {
  return List<Author>(pool_, after, limit);
}

}  // namespace rostrum::content
