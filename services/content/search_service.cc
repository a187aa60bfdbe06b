#include "services/content/search_service.h"

#include <algorithm>
#include <string>
#include <vector>

#include "services/common/base/status.h"
#include "services/content/content_proto.h"

namespace rostrum::content {
namespace {

constexpr size_t kMaxQuery = 200;
// Small, because quotes take much time to make.
constexpr int kMaxPage = 20;

}  // namespace

SearchService::SearchService(SearchStore& store, ReaderAccess& access,
                             const PageTokens& page_tokens, RpcRuntime& runtime)
    : store_(store),
      access_(access),
      page_tokens_(page_tokens),
      rpc_(runtime, v1::SearchService::service_full_name()) {}

grpc::Status SearchService::SearchPosts(grpc::ServerContext* ctx,
                                        const v1::SearchPostsRequest* request,
                                        v1::SearchPostsResponse* response) {
  return HandleRpc(rpc_, ctx, "SearchPosts", [&](const RequestContext& rc) -> absl::Status {
    FieldChecks checks;
    checks.RequireText(request->query(), "query", kMaxQuery);
    RETURN_IF_ERROR(checks.status());
    ASSIGN_OR_RETURN(const int page_size, PageSize(request->page_size()));
    const std::string scope = PageScope(rc.caller, *request);
    ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                     page_tokens_.Decode(scope, request->page_token(), 2));
    SearchQuery query{
        .words = request->query(), .after = std::nullopt, .limit = std::min(page_size, kMaxPage)};
    ASSIGN_OR_RETURN(query.after, (ParseTimeCursor<PostCursor, PostId>(parts)));
    ASSIGN_OR_RETURN(query.whole_texts,
                     access_.ReadsEverything(rc.caller.account_id, rc.caller.roles));

    ASSIGN_OR_RETURN(const FoundPosts found, store_.Search(query));
    if (found.more) {
      const PostSummary& last = found.posts.back().post;
      response->set_next_page_token(
          page_tokens_.Encode(scope, TimeCursorParts(last.publish_time, last.id.value())));
    }
    for (const FoundPost& post : found.posts) *response->add_posts() = ToProto(post);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::content
