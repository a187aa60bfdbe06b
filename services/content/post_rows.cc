#include "services/content/post_rows.h"

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "rostrum/content/v1/events.pb.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/fields.h"
#include "services/common/trace/trace_context.h"
#include "services/content/content_proto.h"

namespace rostrum::content {
namespace {

// The texts are not among the columns: they are read only after access was decided.
constexpr char kSelect[] = R"sql(
  SELECT p.post_id, p.slug, p.title, p.lede, p.access_level, p.publish_time, p.revise_time,
         p.word_count, coalesce(v.view_count, 0), coalesce(v.unique_view_count, 0),
         c.channel_id, c.slug, c.display_name, c.description, c.create_time, c.version,
         a.author_id, a.slug, a.display_name, a.bio, a.account_id, a.avatar_media_id, a.version,
         m.media_id, p.picture_caption, p.picture_credit, p.picture_alt_text, m.width, m.height,
         p.version
  FROM posts p
  JOIN channels c ON c.channel_id = p.channel_id
  JOIN authors a ON a.author_id = p.author_id
  LEFT JOIN media m ON m.media_id = p.picture_media_id
  LEFT JOIN post_views v ON v.post_id = p.post_id
)sql";

constexpr char kTopics[] = R"sql(
  SELECT pt.post_id, t.topic_id, t.slug, t.display_name
  FROM post_topics pt JOIN topics t ON t.topic_id = pt.topic_id
  WHERE pt.post_id = any(ARRAY(SELECT unnest($1::uuid[]))) ORDER BY pt.post_id, pt.place)sql";

PostSummary ReadSummary(const pqxx::row& row) {
  PostSummary post;
  post.id = ReadId<PostId>(row[0]);
  post.slug = ReadText(row[1]);
  post.title = ReadText(row[2]);
  post.lede = ReadText(row[3]);
  post.access_level = static_cast<AccessLevel>(row[4].as<int>());
  post.publish_time = ReadTime(row[5]);
  post.revise_time = ReadOptionalTime(row[6]);
  post.word_count = row[7].as<int>();
  post.view_count = row[8].as<int64_t>();
  post.unique_view_count = row[9].as<int64_t>();
  post.channel = {.id = ReadId<ChannelId>(row[10]),
                  .slug = ReadText(row[11]),
                  .display_name = ReadText(row[12]),
                  .description = ReadText(row[13]),
                  .create_time = ReadTime(row[14]),
                  .version = row[15].as<int64_t>()};
  post.author = {.id = ReadId<AuthorId>(row[16]),
                 .slug = ReadText(row[17]),
                 .display_name = ReadText(row[18]),
                 .bio = ReadText(row[19]),
                 .account_id = ReadOptionalId<AccountId>(row[20]).value_or(AccountId()),
                 .avatar = ReadOptionalId<MediaId>(row[21]).value_or(MediaId()),
                 .version = row[22].as<int64_t>()};
  if (!row[23].is_null()) {
    post.picture = Picture{.media_id = ReadId<MediaId>(row[23]),
                           .caption = ReadText(row[24]),
                           .credit = ReadText(row[25]),
                           .alt_text = ReadText(row[26]),
                           .width = row[27].as<int>(),
                           .height = row[28].as<int>()};
  }
  post.version = row[29].as<int64_t>();
  return post;
}

void AddTopics(Transaction& tx, std::vector<PostSummary>& posts) {
  absl::flat_hash_map<std::string, PostSummary*> by_id;
  std::vector<std::string> ids;
  for (PostSummary& post : posts) {
    by_id[post.id.value()] = &post;
    ids.push_back(post.id.value());
  }
  for (const pqxx::row& row : tx.Exec(kTopics, SqlArray(ids))) {
    by_id.at(ReadText(row[0]))
        ->topics.push_back({.id = ReadId<TopicId>(row[1]),
                            .slug = ReadText(row[2]),
                            .display_name = ReadText(row[3])});
  }
}

}  // namespace

std::vector<PostSummary> LoadSummaries(Transaction& tx, const std::string& tail,
                                       const std::vector<std::string>& arguments, Plan plan) {
  const std::string sql = absl::StrCat(kSelect, tail);
  const auto params = pqxx::prepare::make_dynamic_params(arguments);
  const pqxx::result rows =
      plan == Plan::kOnce ? tx.Exec(sql, params) : tx.exec_params(sql, params);
  std::vector<PostSummary> posts;
  posts.reserve(rows.size());
  for (const pqxx::row& row : rows) posts.push_back(ReadSummary(row));
  if (!posts.empty()) AddTopics(tx, posts);
  return posts;
}

void WritePostsPublished(Transaction& tx, const std::vector<PostSummary>& posts, absl::Time now) {
  std::vector<OutboxEvent> events;
  events.reserve(posts.size());
  for (const PostSummary& post : posts) {
    auto event = std::make_unique<v1::PostPublished>();
    *event->mutable_post() = ToProto(post);
    events.push_back({.key = post.id.value(),
                      .payload = std::move(event),
                      .time = now,
                      .trace = TraceContext::Current()});
  }
  WriteEvents(tx, events);
}

}  // namespace rostrum::content
