#pragma once

#include "rostrum/feed/v1/feed_service.pb.h"
#include "rostrum/feed/v1/follow_service.pb.h"
#include "rostrum/feed/v1/room_service.pb.h"
#include "services/feed/feed_store.h"
#include "services/feed/follow.h"
#include "services/feed/room_store.h"

namespace rostrum::feed {

namespace pb = rostrum::feed::v1;

// Converts follows, feeds and rooms to protos; nothing else does.
pb::Follow ToProto(const Follow& follow);
// Without the mark for MarkFeedSeen, which the handler signs and adds.
pb::FeedItem ToProto(const FeedItem& item);
pb::FeedState ToProto(const FeedState& state);
// `member` is the caller, if they have joined.
pb::Room ToProto(const Target& channel, const std::optional<RoomMember>& member, int member_count,
                 bool may_enter);
pb::RoomMember ToProto(const RoomMember& member);

}  // namespace rostrum::feed
