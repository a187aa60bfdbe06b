#pragma once

#include "rostrum/content/v1/desk_service.grpc.pb.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/page_token.h"
#include "services/content/catalog_store.h"
#include "services/content/manuscript_store.h"

namespace rostrum::content {

// The handlers of rostrum.content.v1.DeskService. Thread-safe.
class DeskService final : public v1::DeskService::Service {
 public:
  // `change_wait`: how long replicas may show the former state after a change
  // (CachedPostStore); a change that readers see is answered only after that.
  DeskService(ManuscriptStore& manuscripts, CatalogStore& catalog, const PageTokens& page_tokens,
              Clock& clock, RpcRuntime& runtime, absl::Duration change_wait);

  grpc::Status CreateManuscript(grpc::ServerContext* ctx,
                                const v1::CreateManuscriptRequest* request,
                                v1::Manuscript* response) override;
  grpc::Status GetManuscript(grpc::ServerContext* ctx, const v1::GetManuscriptRequest* request,
                             v1::Manuscript* response) override;
  grpc::Status ListManuscripts(grpc::ServerContext* ctx, const v1::ListManuscriptsRequest* request,
                               v1::ListManuscriptsResponse* response) override;
  grpc::Status UpdateManuscript(grpc::ServerContext* ctx,
                                const v1::UpdateManuscriptRequest* request,
                                v1::Manuscript* response) override;
  grpc::Status PublishManuscript(grpc::ServerContext* ctx,
                                 const v1::PublishManuscriptRequest* request,
                                 v1::Manuscript* response) override;
  grpc::Status ScheduleManuscript(grpc::ServerContext* ctx,
                                  const v1::ScheduleManuscriptRequest* request,
                                  v1::Manuscript* response) override;
  grpc::Status UnpublishManuscript(grpc::ServerContext* ctx,
                                   const v1::UnpublishManuscriptRequest* request,
                                   v1::Manuscript* response) override;
  grpc::Status DeleteManuscript(grpc::ServerContext* ctx,
                                const v1::DeleteManuscriptRequest* request,
                                v1::DeleteManuscriptResponse* response) override;
  grpc::Status ListRevisions(grpc::ServerContext* ctx, const v1::ListRevisionsRequest* request,
                             v1::ListRevisionsResponse* response) override;
  grpc::Status RenderMarkdown(grpc::ServerContext* ctx, const v1::RenderMarkdownRequest* request,
                              v1::RenderMarkdownResponse* response) override;

 private:
  // The author to be set in a manuscript: the caller's own, or the one that an editor
  // names.
  absl::StatusOr<AuthorId> AuthorFor(const DeskUser& user, const std::string& wanted);
  // Changes a manuscript, and returns once no replica shows the former state any more.
  absl::StatusOr<Manuscript> Update(const PostId& id,
                                    const std::function<absl::Status(Manuscript&)>& change);
  // Changes a manuscript that the caller may edit by one of the rules of manuscript.h.
  absl::StatusOr<Manuscript> Change(const RequestContext& rc, const std::string& post_id,
                                    const std::function<absl::Status(Manuscript&)>& rule);

  ManuscriptStore& manuscripts_;
  CatalogStore& catalog_;
  const PageTokens& page_tokens_;
  Clock& clock_;
  RpcMethods rpc_;
  const absl::Duration change_wait_;
};

}  // namespace rostrum::content
