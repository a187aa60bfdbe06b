#include "services/feed/feed_proto.h"

#include "services/common/rpc/proto_time.h"

namespace rostrum::feed {
namespace {

// The numbers of the enum and of the domain are the same.
static_assert(static_cast<int>(FollowKind::kChannel) == pb::FOLLOW_KIND_CHANNEL);
static_assert(static_cast<int>(FollowKind::kAuthor) == pb::FOLLOW_KIND_AUTHOR);
static_assert(static_cast<int>(FollowKind::kTopic) == pb::FOLLOW_KIND_TOPIC);

pb::FollowKind ToProto(FollowKind kind) {
  return static_cast<pb::FollowKind>(static_cast<int>(kind));
}

}  // namespace

pb::Follow ToProto(const Follow& follow) {
  pb::Follow out;
  out.set_kind(ToProto(follow.target.kind));
  out.set_target_id(follow.target.id);
  out.set_display_name(follow.target.display_name);
  out.set_slug(follow.target.slug);
  *out.mutable_create_time() = ToProtoTime(follow.create_time);
  return out;
}

pb::FeedItem ToProto(const FeedItem& item) {
  pb::FeedItem out;
  *out.mutable_post() = item.post;
  out.set_unread(item.unread);
  for (const Target& target : item.reasons) {
    pb::FeedReason* reason = out.add_reasons();
    reason->set_kind(ToProto(target.kind));
    reason->set_target_id(target.id);
    reason->set_display_name(target.display_name);
  }
  return out;
}

pb::FeedState ToProto(const FeedState& state) {
  pb::FeedState out;
  out.set_unread_count(state.unread_count);
  if (state.newest_time.has_value()) *out.mutable_newest_time() = ToProtoTime(*state.newest_time);
  return out;
}

pb::Room ToProto(const Target& channel, const std::optional<RoomMember>& member, int member_count,
                 bool may_enter) {
  pb::Room out;
  out.set_channel_id(channel.id);
  out.set_display_name(channel.display_name);
  out.set_slug(channel.slug);
  out.set_member_count(member_count);
  out.set_may_enter(may_enter);
  if (!member.has_value()) return out;
  out.set_joined(true);
  out.set_listed(member->listed);
  *out.mutable_join_time() = ToProtoTime(member->join_time);
  return out;
}

pb::RoomMember ToProto(const RoomMember& member) {
  pb::RoomMember out;
  out.set_account_id(member.account_id.value());
  out.set_display_name(member.display_name);
  *out.mutable_join_time() = ToProtoTime(member.join_time);
  return out;
}

}  // namespace rostrum::feed
