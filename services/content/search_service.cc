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
    // Of no caller, so that a link to a page is for all: it says only where the page begins, and
    // what it shows is decided at each request.
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, Caller(), *request, 2));
    SearchQuery query{
        .words = request->query(), .after = std::nullopt, .limit = std::min(page.size(), kMaxPage)};
    ASSIGN_OR_RETURN(query.after, (page.After<PostCursor, PostId>()));
    ASSIGN_OR_RETURN(query.whole_texts,
                     access_.ReadsEverything(rc.caller.account_id, rc.caller.roles));

    ASSIGN_OR_RETURN(const FoundPosts found, store_.Search(query));
    if (found.more) {
      const PostSummary& last = found.posts.back().post;
      response->set_next_page_token(
          page.TokenAfter(TimeCursorParts(last.publish_time, last.id.value())));
    }
    for (const FoundPost& post : found.posts) *response->add_posts() = ToProto(post);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::content
