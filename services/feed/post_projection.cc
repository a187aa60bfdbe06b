#include "services/feed/post_projection.h"

#include <string>

#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/rpc/proto_time.h"
#include "services/feed/target_sql.h"

namespace rostrum::feed {
namespace {

constexpr char kUpsertPost[] = R"sql(
  INSERT INTO posts (post_id, publish_time, summary, told_time)
  VALUES ($1, $2, $3, greatest(clock_timestamp(), $4))
  ON CONFLICT (post_id) DO UPDATE
  SET publish_time = excluded.publish_time, summary = excluded.summary,
      told_time = greatest(posts.told_time, excluded.told_time))sql";

constexpr char kInsertEntries[] = R"sql(
  INSERT INTO feed_entries (kind, target_id, publish_time, post_id)
  SELECT kind, target_id, $3, $4
  FROM unnest($1::smallint[], $2::uuid[]) AS n (kind, target_id)
  ON CONFLICT DO NOTHING)sql";

}  // namespace

std::vector<Target> TargetsOf(const content::v1::PostSummary& post) {
  std::vector<Target> targets = {{FollowKind::kChannel, post.channel().channel_id(),
                                  post.channel().display_name(), post.channel().slug()},
                                 {FollowKind::kAuthor, post.author().author_id(),
                                  post.author().display_name(), post.author().slug()}};
  for (const content::v1::Topic& topic : post.topics()) {
    targets.push_back({FollowKind::kTopic, topic.topic_id(), topic.display_name(), topic.slug()});
  }
  return targets;
}

absl::Status ApplyPublished(Transaction& tx, const content::v1::PostSummary& post,
                            absl::Time not_before) {
  RETURN_IF_ERROR(CheckUuid(post.post_id(), "post.post_id"));
  content::v1::PostSummary kept = post;
  kept.clear_view_count();  // they would not be kept up to date
  kept.clear_unique_view_count();
  const std::string publish_time = SqlTime(FromProtoTime(post.publish_time()));
  tx.Exec(kUpsertPost, post.post_id(), publish_time, SqlBytes(kept.SerializeAsString()),
          SqlTime(not_before));
  tx.Exec("DELETE FROM feed_entries WHERE post_id = $1", post.post_id());
  const TargetColumns targets(TargetsOf(post));
  InsertTargets(tx, targets);
  UpdateTargets(tx, targets);
  tx.Exec(kInsertEntries, targets.kinds, targets.ids, publish_time, post.post_id());
  return absl::OkStatus();
}

void ApplyUnpublished(Transaction& tx, const PostId& post_id) {
  tx.Exec("DELETE FROM posts WHERE post_id = $1", post_id.value());
}

absl::Status ResyncPosts(PgPool& pool, ContentClient& content, const EventConsumer::Fence& fence) {
  ASSIGN_OR_RETURN(const absl::Time begin,
                   RunQuery<absl::Time>(pool, [](Transaction& tx) { return TimeNow(tx); }));
  RETURN_IF_ERROR(content.ReadPublished([&](const ContentClient::Page& page) {
    return RunTx(
        pool,
        [&](Transaction& tx) -> absl::Status {
          RETURN_IF_ERROR(fence(tx));
          for (const content::v1::PostSummary& post : page) {
            RETURN_IF_ERROR(ApplyPublished(tx, post, begin));
          }
          return absl::OkStatus();
        },
        "ResyncPage");  // the lambda around it has no name
  }));
  return RunTx(pool, [&](Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(fence(tx));
    RemoveToldBefore(tx, begin);
    return absl::OkStatus();
  });
}

absl::Time TimeNow(Transaction& tx) { return ReadTime(tx.exec1("SELECT clock_timestamp()")[0]); }

void RemoveToldBefore(Transaction& tx, absl::Time time) {
  tx.Exec("DELETE FROM posts WHERE told_time < $1", SqlTime(time));
}

}  // namespace rostrum::feed
