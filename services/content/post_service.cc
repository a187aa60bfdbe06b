#include "services/content/post_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"
#include "services/content/content_proto.h"
#include "services/content/slug.h"

namespace rostrum::content {
namespace {

absl::Status NotFound() {
  return Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such post");
}

absl::StatusOr<PostRef> ReadRef(const v1::GetPostRequest& request) {
  PostRef ref{.channel = request.channel(), .slug = request.slug()};
  if (!request.post_id().empty()) {
    if (!ref.channel.empty() || !ref.slug.empty()) {
      return InvalidField("post_id", "CONTRADICTION", "cannot be combined with channel and slug");
    }
    ASSIGN_OR_RETURN(ref.id, ParseId<PostId>(request.post_id(), "post_id"));
    return ref;
  }
  if (ref.channel.empty() && ref.slug.empty()) {
    return InvalidField("post_id", "REQUIRED", "must be given, or channel and slug");
  }
  // What cannot be a slug belongs to no post.
  const bool channel = IsUuid(ref.channel) || IsSlug(ref.channel, kMaxCatalogSlug);
  if (!channel || !IsSlug(ref.slug, kMaxPostSlug)) return NotFound();
  return ref;
}

Reader ReaderOf(const RequestContext& rc) {
  return {.account_id = rc.caller.account_id,
          .roles = rc.caller.roles,
          .visitor = rc.visitor,
          .network = rc.network};
}

PostFacts FactsOf(const PostSummary& post) {
  return {.id = post.id,
          .published = true,
          .access_level = post.access_level,
          .author_account_id = post.author.account_id};
}

// Stands for all that a reader sees but counters and clocks. Only of a full
// text: who gets the wall must always ask again.
std::string EtagOfPost(const v1::Post& post, const PostSummary& summary) {
  const subscription::v1::ReadingAccess& access = post.access();
  return absl::StrCat(
      "\"",
      Hex(Sha256(absl::StrCat(post.summary().post_id(), " ", summary.version, " ",
                              summary.channel.version, " ", summary.author.version, " ",
                              access.reason(), " ", access.meter().used(), " ",
                              access.meter().returning(), " ", access.offer().state(), " ",
                              access.offer().expire_time().seconds())))
          .substr(0, 32),
      "\"");
}

}  // namespace

PostService::PostService(PostStore& posts, CatalogStore& catalog, ReaderAccess& access,
                         ViewCounter& views, const PageTokens& page_tokens, RpcRuntime& runtime)
    : posts_(posts),
      catalog_(catalog),
      access_(access),
      views_(views),
      page_tokens_(page_tokens),
      rpc_(runtime, v1::PostService::service_full_name()) {}

grpc::Status PostService::GetPost(grpc::ServerContext* ctx, const v1::GetPostRequest* request,
                                  v1::Post* response) {
  return HandleRpc(rpc_, ctx, "GetPost", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const PostRef ref, ReadRef(*request));
    ASSIGN_OR_RETURN(const PostSummary post, posts_.Find(ref));
    const Reader reader = ReaderOf(rc);
    ASSIGN_OR_RETURN(*response->mutable_access(),
                     access_.Decide(FactsOf(post), reader, ReaderAccess::Mode::kRead));
    const bool granted = response->access().granted();
    // The text is read only now, and only the part that was decided on.
    ASSIGN_OR_RETURN(
        std::string text,
        posts_.GetText(post.id, post.access_level, granted ? TextPart::kBody : TextPart::kPreview));
    *(granted ? response->mutable_body_html() : response->mutable_preview_html()) = std::move(text);
    *response->mutable_summary() = ToProto(post);
    if (response->access().has_meter() || response->access().has_offer()) KeepVisitor(ctx);
    if (granted) {
      SetEtag(ctx, EtagOfPost(*response, post));
      views_.Count(post.id, reader);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<PostQuery> PostService::ReadQuery(const v1::ListPostsRequest& request) {
  PostQuery query;
  if (!request.channel().empty()) {
    ASSIGN_OR_RETURN(const Channel channel, catalog_.FindChannel(request.channel()));
    query.channel_id = channel.id;
  }
  if (!request.author().empty()) {
    ASSIGN_OR_RETURN(const Author author, catalog_.FindAuthor(request.author()));
    query.author_id = author.id;
  }
  if (!request.topic().empty()) {
    ASSIGN_OR_RETURN(const Topic topic, catalog_.FindTopic(request.topic()));
    query.topic_id = topic.id;
  }
  if (request.access_level() != subscription::v1::ACCESS_LEVEL_UNSPECIFIED) {
    if (!subscription::v1::AccessLevel_IsValid(request.access_level())) {
      return InvalidField("access_level", "UNKNOWN_LEVEL", "must be public, metered or premium");
    }
    query.access_level = request.access_level();
  }
  return query;
}

grpc::Status PostService::ListPosts(grpc::ServerContext* ctx, const v1::ListPostsRequest* request,
                                    v1::ListPostsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListPosts", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const int page_size, PageSize(request->page_size()));
    const std::string scope = PageScope(rc.caller, *request);
    ASSIGN_OR_RETURN(const std::vector<std::string> parts,
                     page_tokens_.Decode(scope, request->page_token(), 2));
    ASSIGN_OR_RETURN(PostQuery query, ReadQuery(*request));
    ASSIGN_OR_RETURN(query.after, (ParseTimeCursor<PostCursor, PostId>(parts)));
    query.limit = page_size + 1;  // one more tells whether there is a next page
    ASSIGN_OR_RETURN(std::vector<PostSummary> posts, posts_.List(query));
    if (posts.size() > static_cast<size_t>(page_size)) {
      posts.resize(page_size);
      response->set_next_page_token(page_tokens_.Encode(
          scope, TimeCursorParts(posts.back().publish_time, posts.back().id.value())));
    }
    for (const PostSummary& post : posts) *response->add_posts() = ToProto(post);
    return absl::OkStatus();
  });
}

grpc::Status PostService::CheckPostAccess(grpc::ServerContext* ctx,
                                          const v1::CheckPostAccessRequest* request,
                                          v1::CheckPostAccessResponse* response) {
  return HandleRpc(rpc_, ctx, "CheckPostAccess", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(request->post_id(), "post_id"));
    Reader reader;
    if (!request->account_id().empty()) {
      ASSIGN_OR_RETURN(reader.account_id, ParseId<AccountId>(request->account_id(), "account_id"));
    }
    reader.roles = {request->roles().begin(), request->roles().end()};
    ASSIGN_OR_RETURN(reader.visitor, VisitorFromProto(request->visitor(), "visitor"));
    ASSIGN_OR_RETURN(const PostFacts post, posts_.GetFacts(id));
    if (!post.published) return NotFound();
    ASSIGN_OR_RETURN(const subscription::v1::ReadingAccess access,
                     access_.Decide(post, reader, ReaderAccess::Mode::kPeek));
    response->set_granted(access.granted());
    response->set_reason(access.reason());
    return absl::OkStatus();
  });
}

}  // namespace rostrum::content
