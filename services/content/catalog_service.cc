#include "services/content/catalog_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "services/common/base/status.h"
#include "services/common/rpc/access.h"
#include "services/common/rpc/etag.h"
#include "services/common/rpc/field_mask.h"
#include "services/content/content_proto.h"
#include "services/content/slug.h"

namespace rostrum::content {
namespace {

ShowAccount ShowTo(const Caller& caller, const Author& author) {
  const bool own = caller.IsAccount() && caller.account_id == author.account_id;
  return own || EditsEverything(caller.roles) ? ShowAccount::kYes : ShowAccount::kNo;
}

absl::Status CheckChannel(const v1::Channel& channel) {
  FieldChecks checks;
  CheckSlug(checks, channel.slug(), "channel.slug", kMaxCatalogSlug);
  checks.RequireText(channel.display_name(), "channel.display_name", kMaxDisplayName);
  checks.OptionalText(channel.description(), "channel.description", kMaxDescription,
                      /*multiline=*/true);
  return checks.status();
}

absl::Status CheckTopic(const v1::Topic& topic) {
  FieldChecks checks;
  CheckSlug(checks, topic.slug(), "topic.slug", kMaxCatalogSlug);
  checks.RequireText(topic.display_name(), "topic.display_name", kMaxDisplayName);
  return checks.status();
}

absl::Status CheckAuthor(const v1::Author& author) {
  FieldChecks checks;
  CheckSlug(checks, author.slug(), "author.slug", kMaxCatalogSlug);
  checks.RequireText(author.display_name(), "author.display_name", kMaxDisplayName);
  checks.OptionalText(author.bio(), "author.bio", kMaxDescription, /*multiline=*/true);
  checks.Require(author.account_id().empty() || IsUuid(author.account_id()), "author.account_id",
                 "INVALID_ID", "must be a UUID");
  checks.Require(author.avatar_media_id().empty() || IsUuid(author.avatar_media_id()),
                 "author.avatar_media_id", "INVALID_ID", "must be a UUID");
  return checks.status();
}

// Pages through a list by name. `list` asks the store, `add` takes an entry.
template <class Request, class Response, class List, class Add>
absl::Status ListByName(const PageTokens& page_tokens, const Request& request, Response* response,
                        List&& list, Add&& add) {
  // Of no caller: all see the same entries, and a link to a page of them is for all.
  ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens, Caller(), request, 2));
  std::optional<NameCursor> after;
  if (!page.cursor().empty()) after = NameCursor{page.cursor()[0], page.cursor()[1]};
  ASSIGN_OR_RETURN(auto entries, list(after, page.limit()));
  response->set_next_page_token(page.Cut(entries, [](const auto& entry) {
    return std::vector<std::string>{entry.display_name, entry.id.value()};
  }));
  for (const auto& entry : entries) add(entry);
  return absl::OkStatus();
}

}  // namespace

CatalogService::CatalogService(CatalogStore& store, const PageTokens& page_tokens, Clock& clock,
                               RpcRuntime& runtime, absl::Duration change_wait)
    : store_(store),
      page_tokens_(page_tokens),
      clock_(clock),
      rpc_(runtime, v1::CatalogService::service_full_name()),
      change_wait_(change_wait) {}

grpc::Status CatalogService::GetChannel(grpc::ServerContext* ctx,
                                        const v1::GetChannelRequest* request,
                                        v1::Channel* response) {
  return HandleRpc(rpc_, ctx, "GetChannel", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const Channel channel, store_.FindChannel(request->channel()));
    *response = ToProto(channel);
    return absl::OkStatus();
  });
}

grpc::Status CatalogService::ListChannels(grpc::ServerContext* ctx,
                                          const v1::ListChannelsRequest* request,
                                          v1::ListChannelsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListChannels", [&](const RequestContext&) {
    return ListByName(
        page_tokens_, *request, response,
        [&](const auto& after, int limit) { return store_.ListChannels(after, limit); },
        [&](const Channel& channel) { *response->add_channels() = ToProto(channel); });
  });
}

grpc::Status CatalogService::CreateChannel(grpc::ServerContext* ctx,
                                           const v1::CreateChannelRequest* request,
                                           v1::Channel* response) {
  return HandleRpc(rpc_, ctx, "CreateChannel", [&](const RequestContext& rc) -> absl::Status {
    const v1::Channel& wanted = request->channel();
    RETURN_IF_ERROR(CheckChannel(wanted));
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(
        const IdempotencyKey key,
        IdempotencyKeyFor(rc.caller, "CreateChannel", request->request_id(), *request, now));
    ASSIGN_OR_RETURN(const Channel channel,
                     store_.CreateChannel({.id = ChannelId(NewUuid(now)),
                                           .slug = wanted.slug(),
                                           .display_name = wanted.display_name(),
                                           .description = wanted.description(),
                                           .create_time = now},
                                          key));
    *response = ToProto(channel);
    return absl::OkStatus();
  });
}

grpc::Status CatalogService::UpdateChannel(grpc::ServerContext* ctx,
                                           const v1::UpdateChannelRequest* request,
                                           v1::Channel* response) {
  return HandleRpc(rpc_, ctx, "UpdateChannel", [&](const RequestContext&) -> absl::Status {
    const v1::Channel& wanted = request->channel();
    ASSIGN_OR_RETURN(const ChannelId id,
                     ParseId<ChannelId>(wanted.channel_id(), "channel.channel_id"));
    ASSIGN_OR_RETURN(
        const std::vector<std::string> paths,
        UpdatedPaths(request->update_mask(), wanted, {"slug", "display_name", "description"}));
    ASSIGN_OR_RETURN(const Channel channel,
                     store_.UpdateChannel(id, [&](Channel& stored) -> absl::Status {
                       RETURN_IF_ERROR(CheckEtag(wanted.etag(), stored.version));
                       const Channel before = stored;
                       v1::Channel merged = ToProto(stored);
                       MergeFields(wanted, paths, merged);
                       RETURN_IF_ERROR(CheckChannel(merged));
                       stored.slug = merged.slug();
                       stored.display_name = merged.display_name();
                       stored.description = merged.description();
                       CountChange(before, stored);
                       return absl::OkStatus();
                     }));
    absl::SleepFor(change_wait_);  // posts show its name
    *response = ToProto(channel);
    return absl::OkStatus();
  });
}

grpc::Status CatalogService::GetTopic(grpc::ServerContext* ctx, const v1::GetTopicRequest* request,
                                      v1::Topic* response) {
  return HandleRpc(rpc_, ctx, "GetTopic", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const Topic topic, store_.FindTopic(request->topic()));
    *response = ToProto(topic);
    return absl::OkStatus();
  });
}

grpc::Status CatalogService::ListTopics(grpc::ServerContext* ctx,
                                        const v1::ListTopicsRequest* request,
                                        v1::ListTopicsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListTopics", [&](const RequestContext&) {
    return ListByName(
        page_tokens_, *request, response,
        [&](const auto& after, int limit) { return store_.ListTopics(after, limit); },
        [&](const Topic& topic) { *response->add_topics() = ToProto(topic); });
  });
}

grpc::Status CatalogService::CreateTopic(grpc::ServerContext* ctx,
                                         const v1::CreateTopicRequest* request,
                                         v1::Topic* response) {
  return HandleRpc(rpc_, ctx, "CreateTopic", [&](const RequestContext& rc) -> absl::Status {
    const v1::Topic& wanted = request->topic();
    RETURN_IF_ERROR(CheckTopic(wanted));
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(
        const IdempotencyKey key,
        IdempotencyKeyFor(rc.caller, "CreateTopic", request->request_id(), *request, now));
    ASSIGN_OR_RETURN(const Topic topic, store_.CreateTopic({.id = TopicId(NewUuid(now)),
                                                            .slug = wanted.slug(),
                                                            .display_name = wanted.display_name()},
                                                           key));
    *response = ToProto(topic);
    return absl::OkStatus();
  });
}

grpc::Status CatalogService::GetAuthor(grpc::ServerContext* ctx,
                                       const v1::GetAuthorRequest* request, v1::Author* response) {
  return HandleRpc(rpc_, ctx, "GetAuthor", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Author author, store_.FindAuthor(request->author()));
    *response = ToProto(author, ShowTo(rc.caller, author));
    return absl::OkStatus();
  });
}

grpc::Status CatalogService::ListAuthors(grpc::ServerContext* ctx,
                                         const v1::ListAuthorsRequest* request,
                                         v1::ListAuthorsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListAuthors", [&](const RequestContext& rc) {
    return ListByName(
        page_tokens_, *request, response,
        [&](const auto& after, int limit) { return store_.ListAuthors(after, limit); },
        [&](const Author& author) {
          *response->add_authors() = ToProto(author, ShowTo(rc.caller, author));
        });
  });
}

grpc::Status CatalogService::CreateAuthor(grpc::ServerContext* ctx,
                                          const v1::CreateAuthorRequest* request,
                                          v1::Author* response) {
  return HandleRpc(rpc_, ctx, "CreateAuthor", [&](const RequestContext& rc) -> absl::Status {
    const v1::Author& wanted = request->author();
    RETURN_IF_ERROR(CheckAuthor(wanted));
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(
        const IdempotencyKey key,
        IdempotencyKeyFor(rc.caller, "CreateAuthor", request->request_id(), *request, now));
    ASSIGN_OR_RETURN(const Author author,
                     store_.CreateAuthor({.id = AuthorId(NewUuid(now)),
                                          .slug = wanted.slug(),
                                          .display_name = wanted.display_name(),
                                          .bio = wanted.bio(),
                                          .account_id = AccountId(wanted.account_id()),
                                          .avatar = MediaId(wanted.avatar_media_id())},
                                         key));
    *response = ToProto(author, ShowAccount::kYes);
    return absl::OkStatus();
  });
}

grpc::Status CatalogService::UpdateAuthor(grpc::ServerContext* ctx,
                                          const v1::UpdateAuthorRequest* request,
                                          v1::Author* response) {
  return HandleRpc(rpc_, ctx, "UpdateAuthor", [&](const RequestContext& rc) -> absl::Status {
    const v1::Author& wanted = request->author();
    ASSIGN_OR_RETURN(const AuthorId id, ParseId<AuthorId>(wanted.author_id(), "author.author_id"));
    ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                     UpdatedPaths(request->update_mask(), wanted,
                                  {"slug", "display_name", "bio", "avatar_media_id"}));
    ASSIGN_OR_RETURN(const Author author,
                     store_.UpdateAuthor(id, [&](Author& stored) -> absl::Status {
                       if (ShowTo(rc.caller, stored) == ShowAccount::kNo) {
                         return Error(absl::StatusCode::kNotFound, "AUTHOR_NOT_FOUND",
                                      "there is no such author of yours");
                       }
                       RETURN_IF_ERROR(CheckEtag(wanted.etag(), stored.version));
                       const Author before = stored;
                       v1::Author merged = ToProto(stored, ShowAccount::kYes);
                       MergeFields(wanted, paths, merged);
                       RETURN_IF_ERROR(CheckAuthor(merged));
                       stored.slug = merged.slug();
                       stored.display_name = merged.display_name();
                       stored.bio = merged.bio();
                       stored.avatar = MediaId(merged.avatar_media_id());
                       CountChange(before, stored);
                       return absl::OkStatus();
                     }));
    absl::SleepFor(change_wait_);  // posts show its name
    *response = ToProto(author, ShowAccount::kYes);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::content
