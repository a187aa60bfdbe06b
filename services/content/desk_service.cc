#include "services/content/desk_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/base/status.h"
#include "services/common/rpc/access.h"
#include "services/common/rpc/field_mask.h"
#include "services/common/rpc/proto_time.h"
#include "services/content/content_proto.h"
#include "services/content/manuscript_input.h"

namespace rostrum::content {
namespace {

// Small, because each revision may hold 128 KiB.
constexpr int kMaxRevisionPage = 20;

DeskUser UserOf(const RequestContext& rc) {
  return {.account_id = rc.caller.account_id, .edits_all = EditsEverything(rc.caller.roles)};
}

absl::StatusOr<std::optional<int>> ParseRevisionCursor(const std::vector<std::string>& parts) {
  if (parts.empty()) return std::nullopt;
  int revision = 0;
  if (!absl::SimpleAtoi(parts[0], &revision)) {
    return absl::InternalError("cursor is not a number");
  }
  return revision;
}

// A time of the years 1 to 9999, rounded as it is stored, so that a repeated request is
// recognised.
absl::StatusOr<absl::Time> ReadPublishTime(const google::protobuf::Timestamp& time) {
  constexpr int64_t kFirst = -62'135'596'800;
  constexpr int64_t kLast = 253'402'300'799;
  if (time.seconds() < kFirst || time.seconds() > kLast || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return InvalidField("publish_time", "INVALID_TIME", "must be a time");
  }
  return absl::FromUnixMicros(absl::ToUnixMicros(FromProtoTime(time)));
}

}  // namespace

DeskService::DeskService(ManuscriptStore& manuscripts, CatalogStore& catalog,
                         const PageTokens& page_tokens, Clock& clock, RpcRuntime& runtime,
                         absl::Duration change_wait)
    : manuscripts_(manuscripts),
      catalog_(catalog),
      page_tokens_(page_tokens),
      clock_(clock),
      rpc_(runtime, v1::DeskService::service_full_name()),
      change_wait_(change_wait) {}

absl::StatusOr<AuthorId> DeskService::AuthorFor(const DeskUser& user, const std::string& wanted) {
  if (user.edits_all && !wanted.empty()) return AuthorId(wanted);
  const absl::StatusOr<Author> own = catalog_.FindAuthorOf(user.account_id);
  if (absl::IsNotFound(own.status())) {
    return Error(absl::StatusCode::kFailedPrecondition, "NO_AUTHOR",
                 "this account has no author to write as");
  }
  RETURN_IF_ERROR(own);
  if (!wanted.empty() && wanted != own->id.value()) {
    return InvalidField("manuscript.author_id", "NOT_YOURS", "authors write as themselves");
  }
  return own->id;
}

absl::StatusOr<Manuscript> DeskService::Update(
    const PostId& id, const std::function<absl::Status(Manuscript&)>& change) {
  bool was_read = false;
  ASSIGN_OR_RETURN(Manuscript manuscript, manuscripts_.Update(id, [&](Manuscript& stored) {
    was_read = stored.publish_time.has_value();
    return change(stored);
  }));
  // Even if this call changed nothing: the call that made the change may still be waiting.
  if (was_read) absl::SleepFor(change_wait_);
  return manuscript;
}

absl::StatusOr<Manuscript> DeskService::Change(
    const RequestContext& rc, const std::string& post_id,
    const std::function<absl::Status(Manuscript&)>& rule) {
  ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(post_id, "post_id"));
  return Update(id, [&](Manuscript& manuscript) -> absl::Status {
    RETURN_IF_ERROR(CheckDesk(manuscript, UserOf(rc)));
    return rule(manuscript);
  });
}

grpc::Status DeskService::CreateManuscript(grpc::ServerContext* ctx,
                                           const v1::CreateManuscriptRequest* request,
                                           v1::Manuscript* response) {
  return HandleRpc(rpc_, ctx, "CreateManuscript", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(ManuscriptContent content,
                     ReadManuscript(request->manuscript(), ManuscriptAge::kNew));
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(
        const IdempotencyKey key,
        IdempotencyKeyFor(rc.caller, "CreateManuscript", request->request_id(), *request, now));
    ASSIGN_OR_RETURN(content.author_id, AuthorFor(UserOf(rc), request->manuscript().author_id()));
    ASSIGN_OR_RETURN(const Manuscript manuscript,
                     manuscripts_.Create({.id = PostId(NewUuid(now)),
                                          .content = std::move(content),
                                          .create_time = now,
                                          .update_time = now,
                                          .text_time = now,
                                          .text_account_id = rc.caller.account_id},
                                         key));
    *response = ToProto(manuscript);
    return absl::OkStatus();
  });
}

grpc::Status DeskService::GetManuscript(grpc::ServerContext* ctx,
                                        const v1::GetManuscriptRequest* request,
                                        v1::Manuscript* response) {
  return HandleRpc(rpc_, ctx, "GetManuscript", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(request->post_id(), "post_id"));
    ASSIGN_OR_RETURN(const Manuscript manuscript, manuscripts_.Get(id));
    RETURN_IF_ERROR(CheckDesk(manuscript, UserOf(rc)));
    *response = ToProto(manuscript);
    return absl::OkStatus();
  });
}

grpc::Status DeskService::ListManuscripts(grpc::ServerContext* ctx,
                                          const v1::ListManuscriptsRequest* request,
                                          v1::ListManuscriptsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListManuscripts", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, rc.caller, *request, 2));
    ManuscriptQuery query{.limit = page.limit()};
    ASSIGN_OR_RETURN(query.after, (page.After<ManuscriptCursor, PostId>()));
    if (!v1::ManuscriptState_IsValid(request->state())) {
      return InvalidField("state", "UNKNOWN_STATE", "must be draft, scheduled or published");
    }
    if (request->state() != v1::MANUSCRIPT_STATE_UNSPECIFIED) query.state = request->state();
    const DeskUser user = UserOf(rc);
    if (!user.edits_all) query.account_id = user.account_id;
    ASSIGN_OR_RETURN(std::vector<Manuscript> manuscripts, manuscripts_.List(query));
    response->set_next_page_token(page.Cut(manuscripts, [](const Manuscript& manuscript) {
      return TimeCursorParts(manuscript.update_time, manuscript.id.value());
    }));
    for (const Manuscript& manuscript : manuscripts) {
      *response->add_manuscripts() = ToProto(manuscript);
    }
    return absl::OkStatus();
  });
}

grpc::Status DeskService::UpdateManuscript(grpc::ServerContext* ctx,
                                           const v1::UpdateManuscriptRequest* request,
                                           v1::Manuscript* response) {
  return HandleRpc(rpc_, ctx, "UpdateManuscript", [&](const RequestContext& rc) -> absl::Status {
    const v1::Manuscript& wanted = request->manuscript();
    ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(wanted.post_id(), "manuscript.post_id"));
    ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                     UpdatedPaths(request->update_mask(), wanted, UpdatableManuscriptFields()));
    const DeskUser user = UserOf(rc);
    if (HasPath(paths, "author_id") && !wanted.author_id().empty()) {
      RETURN_IF_ERROR(AuthorFor(user, wanted.author_id()));
    }
    ASSIGN_OR_RETURN(const Manuscript manuscript,
                     Update(id, [&](Manuscript& stored) -> absl::Status {
                       RETURN_IF_ERROR(CheckDesk(stored, user));
                       v1::Manuscript merged = ToProto(stored);
                       MergeFields(wanted, paths, merged);
                       ASSIGN_OR_RETURN(ManuscriptContent content,
                                        ReadManuscript(merged, ManuscriptAge::kStored));
                       if (content.author_id.empty()) content.author_id = stored.content.author_id;
                       return Edit(stored, content, user, wanted.etag(), clock_.Now());
                     }));
    *response = ToProto(manuscript);
    return absl::OkStatus();
  });
}

grpc::Status DeskService::PublishManuscript(grpc::ServerContext* ctx,
                                            const v1::PublishManuscriptRequest* request,
                                            v1::Manuscript* response) {
  return HandleRpc(rpc_, ctx, "PublishManuscript", [&](const RequestContext& rc) -> absl::Status {
    std::optional<absl::Time> first_published;
    if (request->has_publish_time()) {
      if (!UserOf(rc).edits_all) {
        return Error(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED",
                     "only editors say when a text appeared first");
      }
      ASSIGN_OR_RETURN(first_published, ReadPublishTime(request->publish_time()));
    }
    ASSIGN_OR_RETURN(const Manuscript manuscript,
                     Change(rc, request->post_id(), [&](Manuscript& stored) {
                       return Publish(stored, first_published, request->etag(), clock_.Now());
                     }));
    *response = ToProto(manuscript);
    return absl::OkStatus();
  });
}

grpc::Status DeskService::ScheduleManuscript(grpc::ServerContext* ctx,
                                             const v1::ScheduleManuscriptRequest* request,
                                             v1::Manuscript* response) {
  return HandleRpc(rpc_, ctx, "ScheduleManuscript", [&](const RequestContext& rc) -> absl::Status {
    if (!request->has_publish_time()) {
      return InvalidField("publish_time", "REQUIRED", "must be given");
    }
    ASSIGN_OR_RETURN(const absl::Time publish_time, ReadPublishTime(request->publish_time()));
    ASSIGN_OR_RETURN(const Manuscript manuscript,
                     Change(rc, request->post_id(), [&](Manuscript& stored) {
                       return Schedule(stored, publish_time, request->etag(), clock_.Now());
                     }));
    *response = ToProto(manuscript);
    return absl::OkStatus();
  });
}

grpc::Status DeskService::UnpublishManuscript(grpc::ServerContext* ctx,
                                              const v1::UnpublishManuscriptRequest* request,
                                              v1::Manuscript* response) {
  return HandleRpc(rpc_, ctx, "UnpublishManuscript", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Manuscript manuscript,
                     Change(rc, request->post_id(), [&](Manuscript& stored) {
                       return Unpublish(stored, request->etag(), clock_.Now());
                     }));
    *response = ToProto(manuscript);
    return absl::OkStatus();
  });
}

grpc::Status DeskService::DeleteManuscript(grpc::ServerContext* ctx,
                                           const v1::DeleteManuscriptRequest* request,
                                           v1::DeleteManuscriptResponse*) {
  return HandleRpc(rpc_, ctx, "DeleteManuscript", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(request->post_id(), "post_id"));
    return manuscripts_.Delete(id, [&](const Manuscript& manuscript) -> absl::Status {
      RETURN_IF_ERROR(CheckDesk(manuscript, UserOf(rc)));
      return CheckDelete(manuscript, request->etag());
    });
  });
}

grpc::Status DeskService::ListRevisions(grpc::ServerContext* ctx,
                                        const v1::ListRevisionsRequest* request,
                                        v1::ListRevisionsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListRevisions", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(request->post_id(), "post_id"));
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, rc.caller, *request, 1));
    const int size = std::min(page.size(), kMaxRevisionPage);
    ASSIGN_OR_RETURN(const std::optional<int> before, ParseRevisionCursor(page.cursor()));
    ASSIGN_OR_RETURN(const Manuscript manuscript, manuscripts_.Get(id));
    RETURN_IF_ERROR(CheckDesk(manuscript, UserOf(rc)));
    ASSIGN_OR_RETURN(std::vector<Revision> revisions,
                     manuscripts_.ListRevisions(id, before, size + 1));
    response->set_next_page_token(page.Cut(revisions, size, [](const Revision& revision) {
      return std::vector<std::string>{absl::StrCat(revision.revision)};
    }));
    for (const Revision& revision : revisions) *response->add_revisions() = ToProto(revision);
    return absl::OkStatus();
  });
}

grpc::Status DeskService::RenderMarkdown(grpc::ServerContext* ctx,
                                         const v1::RenderMarkdownRequest* request,
                                         v1::RenderMarkdownResponse* response) {
  return HandleRpc(rpc_, ctx, "RenderMarkdown", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(RenderedMarkdown rendered, RenderArticle(request->markdown(), "markdown"));
    response->set_body_html(std::move(rendered.html));
    response->set_preview_html(std::move(rendered.preview_html));
    return absl::OkStatus();
  });
}

}  // namespace rostrum::content
