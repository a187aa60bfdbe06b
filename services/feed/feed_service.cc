#include "services/feed/feed_service.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/feed/feed_proto.h"

namespace rostrum::feed {
namespace {

// A mark is a signed place in the caller's own feed, as a page token is.
std::string MarkScope(const AccountId& account_id) {
  return absl::StrCat("MarkFeedSeen:", account_id.value());
}

std::vector<std::string> PlaceParts(const FeedPlace& place) {
  return TimeCursorParts(place.publish_time, place.post_id.value());
}

absl::StatusOr<std::optional<FeedPlace>> ParsePlace(const std::vector<std::string>& parts) {
  return ParseTimeCursor<FeedPlace, PostId>(parts);
}

}  // namespace

FeedService::FeedService(FeedStore& store, const PageTokens& page_tokens, RpcRuntime& runtime)
    : store_(store),
      page_tokens_(page_tokens),
      rpc_(runtime, v1::FeedService::service_full_name()) {}

grpc::Status FeedService::ListFeed(grpc::ServerContext* ctx, const v1::ListFeedRequest* request,
                                   v1::ListFeedResponse* response) {
  return HandleRpc(rpc_, ctx, "ListFeed", [&](const RequestContext& rc) -> absl::Status {
    const AccountId& account_id = rc.caller.account_id;
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, rc.caller, *request, 2));
    ASSIGN_OR_RETURN(const std::optional<FeedPlace> after, ParsePlace(page.cursor()));

    ASSIGN_OR_RETURN(std::vector<FeedItem> items, store_.List(account_id, after, page.limit()));
    response->set_next_page_token(
        page.Cut(items, [](const FeedItem& item) { return PlaceParts(item.place); }));
    for (const FeedItem& item : items) {
      v1::FeedItem* out = response->add_items();
      *out = ToProto(item);
      out->set_mark(page_tokens_.Encode(MarkScope(account_id), PlaceParts(item.place)));
    }
    if (items.empty() && !after.has_value()) {
      ASSIGN_OR_RETURN(const bool follows_nothing, store_.FollowsNothing(account_id));
      response->set_follows_nothing(follows_nothing);
    }
    return absl::OkStatus();
  });
}

grpc::Status FeedService::MarkFeedSeen(grpc::ServerContext* ctx,
                                       const v1::MarkFeedSeenRequest* request,
                                       v1::FeedState* response) {
  return HandleRpc(rpc_, ctx, "MarkFeedSeen", [&](const RequestContext& rc) -> absl::Status {
    const AccountId& account_id = rc.caller.account_id;
    const auto parts = page_tokens_.Decode(MarkScope(account_id), request->mark(), 2);
    if (!parts.ok() || parts->empty()) {
      return InvalidField("mark", "INVALID_MARK", "must be the mark of an item of this feed");
    }
    ASSIGN_OR_RETURN(const std::optional<FeedPlace> place, ParsePlace(*parts));
    RETURN_IF_ERROR(store_.MarkSeen(account_id, *place));
    return ReadState(account_id, response);
  });
}

grpc::Status FeedService::GetFeedState(grpc::ServerContext* ctx, const v1::GetFeedStateRequest*,
                                       v1::FeedState* response) {
  return HandleRpc(rpc_, ctx, "GetFeedState", [&](const RequestContext& rc) -> absl::Status {
    return ReadState(rc.caller.account_id, response);
  });
}

absl::Status FeedService::ReadState(const AccountId& account_id, v1::FeedState* response) {
  ASSIGN_OR_RETURN(const FeedState state, store_.State(account_id));
  *response = ToProto(state);
  return absl::OkStatus();
}

}  // namespace rostrum::feed
