#include "services/comment/comment_service.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/comment/comment_proto.h"
#include "services/common/base/status.h"
#include "services/common/markdown/markdown.h"
#include "services/common/rpc/field_mask.h"

namespace rostrum::comment {
namespace {

constexpr Rate kEditsPerMinute{.burst = 20, .period = absl::Minutes(1)};
constexpr size_t kMaxPageBytes = 1 << 20;

absl::StatusOr<std::string> RenderBody(const std::string& body) {
  FieldChecks checks;
  checks.RequireText(body, "comment.body", kMaxBodyCharacters, /*multiline=*/true);
  RETURN_IF_ERROR(checks.status());
  ASSIGN_OR_RETURN(RenderedMarkdown rendered,
                   RenderMarkdown(body, kCommentMarkdown, "comment.body"));
  return std::move(rendered.html);
}

// The post or channel of a request: exactly one of the two fields must be set.
template <class Request>
absl::StatusOr<Subject> SubjectOf(const Request& request) {
  if (request.channel_id().empty()) {
    ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(request.post_id(), "post_id"));
    return id;
  }
  if (!request.post_id().empty()) {
    return InvalidField("channel_id", "CONTRADICTION", "cannot be combined with post_id");
  }
  ASSIGN_OR_RETURN(const ChannelId id, ParseId<ChannelId>(request.channel_id(), "channel_id"));
  return id;
}

// All that the request says of the comments to list but the page.
absl::StatusOr<CommentQuery> QueryOf(const v1::ListCommentsRequest& request) {
  CommentQuery query;
  ASSIGN_OR_RETURN(query.subject, SubjectOf(request));
  query.flat = request.flat();
  if (!request.parent_id().empty()) {
    if (query.flat) {
      return InvalidField("flat", "CONTRADICTION", "cannot be combined with parent_id");
    }
    ASSIGN_OR_RETURN(query.parent_id, ParseId<CommentId>(request.parent_id(), "parent_id"));
  }
  if (!request.from_comment_id().empty() && !query.flat) {
    return InvalidField("from_comment_id", "CONTRADICTION", "needs flat");
  }
  if (!v1::CommentOrder_IsValid(request.order())) {
    return InvalidField("order", "UNKNOWN_ORDER", "must be oldest or newest");
  }
  query.newest_first = request.order() == v1::COMMENT_ORDER_NEWEST;
  return query;
}

// Whether the database could not write a comment now, for no fault of the comment.
bool IsOutage(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsAborted(status) || ReasonOf(status) == kDatabaseBusy;
}

// How many of the first `most` comments fit into one answer. Long comments make short pages.
int FittingPage(const std::vector<Comment>& comments, int most) {
  size_t bytes = 0;
  int count = 0;
  for (const Comment& comment : comments) {
    bytes += comment.body.size() + comment.body_html.size();
    if (count == most || (count > 0 && bytes > kMaxPageBytes)) break;
    ++count;
  }
  return count;
}

}  // namespace

CommentService::CommentService(CommentStore& store, ContentClient& content, FeedClient& feed,
                               Throttle& throttle, const PageTokens& page_tokens, Clock& clock,
                               RpcRuntime& runtime, CommentLimits limits)
    : store_(store),
      content_(content),
      feed_(feed),
      throttle_(throttle),
      page_tokens_(page_tokens),
      clock_(clock),
      limits_(limits),
      rpc_(runtime, v1::CommentService::service_full_name()) {}

grpc::Status CommentService::CreateComment(grpc::ServerContext* ctx,
                                           const v1::CreateCommentRequest* request,
                                           v1::Comment* response) {
  return HandleRpc(rpc_, ctx, "CreateComment", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Subject subject, SubjectOf(*request));
    std::optional<CommentId> parent_id;
    if (!request->comment().parent_id().empty()) {
      ASSIGN_OR_RETURN(parent_id,
                       ParseId<CommentId>(request->comment().parent_id(), "comment.parent_id"));
    }
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(
        const IdempotencyKey key,
        IdempotencyKeyFor(rc.caller, "CreateComment", request->request_id(), *request, now));
    RETURN_IF_ERROR(CheckReadable(subject, rc));
    ASSIGN_OR_RETURN(const Comment comment,
                     CreateWithinLimits({.id = CommentId(NewUuid(now)),
                                         .subject = subject,
                                         .parent_id = parent_id,
                                         .author_id = rc.caller.account_id,
                                         .author_name = rc.caller.display_name,
                                         .body = request->comment().body(),
                                         .create_time = now},
                                        key));
    *response = ToProto(comment);
    return absl::OkStatus();
  });
}

absl::StatusOr<Comment> CommentService::CreateWithinLimits(NewComment wanted,
                                                           const IdempotencyKey& key) {
  const std::vector<Limit> limits = {
      {absl::StrCat("comment:{", key.caller, "}:minute"), limits_.per_minute},
      {absl::StrCat("comment:{", key.caller, "}:day"), limits_.per_day}};
  if (const absl::Status allowed = throttle_.CheckAll(limits); !allowed.ok()) {
    // A repeated request is never refused because of the limits.
    ASSIGN_OR_RETURN(std::optional<Comment> repeated, store_.FindRepeated(key));
    if (!repeated.has_value()) return allowed;
    return *std::move(repeated);
  }
  // Not before: a body that is refused takes time too.
  ASSIGN_OR_RETURN(wanted.body_html, RenderBody(wanted.body));
  absl::StatusOr<Comment> comment = store_.Create(wanted, key);
  // A repeat does not count either. Nor does a try that failed for an outage: the retries of one
  // call would use up the limits.
  const bool is_repeat = comment.ok() && comment->id != wanted.id;
  if (is_repeat || IsOutage(comment.status())) throttle_.TakeBack(limits);
  return comment;
}

grpc::Status CommentService::ListComments(grpc::ServerContext* ctx,
                                          const v1::ListCommentsRequest* request,
                                          v1::ListCommentsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListComments", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(CommentQuery query, QueryOf(*request));
    v1::ListCommentsRequest list = *request;
    list.clear_from_comment_id();  // its pages are those of the list without it
    // Of no caller: the gateway keeps discussions, and shows one to all who may read it.
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, Caller(), list, 2));
    ASSIGN_OR_RETURN(query.after, (page.After<CommentCursor, CommentId>()));
    RETURN_IF_ERROR(CheckReadable(query.subject, rc));
    // A parent in another discussion must not give access to that discussion.
    if (query.parent_id.has_value()) {
      RETURN_IF_ERROR(GetFrom(query.subject, *query.parent_id));
    }

    query.limit = page.limit();
    std::vector<Comment> comments;
    if (!request->from_comment_id().empty() && !query.after.has_value()) {
      ASSIGN_OR_RETURN(const CommentId from,
                       ParseId<CommentId>(request->from_comment_id(), "from_comment_id"));
      ASSIGN_OR_RETURN(comments.emplace_back(), GetFrom(query.subject, from));
      query.after = CommentCursor{comments.front().create_time, from};
      --query.limit;
    }
    ASSIGN_OR_RETURN(std::vector<Comment> others, store_.List(query));
    std::move(others.begin(), others.end(), std::back_inserter(comments));
    response->set_next_page_token(
        page.Cut(comments, FittingPage(comments, page.size()), [](const Comment& comment) {
          return TimeCursorParts(comment.create_time, comment.id.value());
        }));
    for (const Comment& comment : comments) *response->add_comments() = ToProto(comment);
    ASSIGN_OR_RETURN(const int total, store_.Count(query.subject));
    response->set_total_count(total);
    return absl::OkStatus();
  });
}

absl::StatusOr<Comment> CommentService::GetFrom(const Subject& subject, const CommentId& id) {
  ASSIGN_OR_RETURN(Comment comment, store_.Get(id));
  if (comment.subject != subject) {
    return Error(absl::StatusCode::kNotFound, "COMMENT_NOT_FOUND", "there is no such comment");
  }
  return comment;
}

absl::Status CommentService::CheckReadable(const Subject& subject, const RequestContext& rc) {
  const auto* post_id = std::get_if<PostId>(&subject);
  return post_id != nullptr ? content_.CheckReadable(*post_id, rc)
                            : feed_.CheckInRoom(std::get<ChannelId>(subject), rc);
}

absl::StatusOr<Comment> CommentService::LoadReadable(const CommentId& id,
                                                     const RequestContext& rc) {
  ASSIGN_OR_RETURN(Comment comment, store_.Get(id));
  RETURN_IF_ERROR(CheckReadable(comment.subject, rc));
  return comment;
}

grpc::Status CommentService::GetComment(grpc::ServerContext* ctx,
                                        const v1::GetCommentRequest* request,
                                        v1::Comment* response) {
  return HandleRpc(rpc_, ctx, "GetComment", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const CommentId id, ParseId<CommentId>(request->comment_id(), "comment_id"));
    ASSIGN_OR_RETURN(const Comment comment, LoadReadable(id, rc));
    *response = ToProto(comment);
    return absl::OkStatus();
  });
}

grpc::Status CommentService::UpdateComment(grpc::ServerContext* ctx,
                                           const v1::UpdateCommentRequest* request,
                                           v1::Comment* response) {
  return HandleRpc(rpc_, ctx, "UpdateComment", [&](const RequestContext& rc) -> absl::Status {
    const v1::Comment& wanted = request->comment();
    ASSIGN_OR_RETURN(const CommentId id,
                     ParseId<CommentId>(wanted.comment_id(), "comment.comment_id"));
    RETURN_IF_ERROR(UpdatedPaths(request->update_mask(), wanted, {"body"}));
    RETURN_IF_ERROR(LoadReadable(id, rc));
    RETURN_IF_ERROR(
        throttle_.Check(absl::StrCat("comment:edit:", rc.caller.Key()), kEditsPerMinute));
    // Not before: a body that is refused takes time too.
    ASSIGN_OR_RETURN(const std::string html, RenderBody(wanted.body()));
    ASSIGN_OR_RETURN(const Comment comment, store_.Update(id, [&](Comment& stored) {
      return Edit(stored, rc.caller.account_id, wanted.etag(), wanted.body(), html, clock_.Now());
    }));
    *response = ToProto(comment);
    return absl::OkStatus();
  });
}

grpc::Status CommentService::DeleteComment(grpc::ServerContext* ctx,
                                           const v1::DeleteCommentRequest* request,
                                           v1::Comment* response) {
  return HandleRpc(rpc_, ctx, "DeleteComment", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const CommentId id, ParseId<CommentId>(request->comment_id(), "comment_id"));
    // Not LoadReadable: authors may delete their comments after they have lost access.
    ASSIGN_OR_RETURN(const Comment comment, store_.Update(id, [&](Comment& stored) {
      return Delete(stored, rc.caller.account_id, request->etag(), clock_.Now());
    }));
    *response = ToProto(comment);
    return absl::OkStatus();
  });
}

grpc::Status CommentService::ListCommentRevisions(grpc::ServerContext* ctx,
                                                  const v1::ListCommentRevisionsRequest* request,
                                                  v1::ListCommentRevisionsResponse* response) {
  return HandleRpc(
      rpc_, ctx, "ListCommentRevisions", [&](const RequestContext& rc) -> absl::Status {
        ASSIGN_OR_RETURN(const CommentId id,
                         ParseId<CommentId>(request->comment_id(), "comment_id"));
        ASSIGN_OR_RETURN(const Comment comment, LoadReadable(id, rc));
        ASSIGN_OR_RETURN(const std::vector<Revision> revisions, store_.ListRevisions(comment.id));
        for (const Revision& revision : revisions) {
          *response->add_revisions() = ToProto(revision);
        }
        return absl::OkStatus();
      });
}

}  // namespace rostrum::comment
