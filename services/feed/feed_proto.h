#pragma once

#include "rostrum/feed/v1/feed_service.pb.h"
#include "rostrum/feed/v1/follow_service.pb.h"
#include "services/feed/feed_store.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

namespace pb = rostrum::feed::v1;

// The one conversion of follows and feeds to the wire.
pb::Follow ToProto(const Follow& follow);
// Without the mark, which the handler signs.
pb::FeedItem ToProto(const FeedItem& item);
pb::FeedState ToProto(const FeedState& state);

}  // namespace rostrum::feed
