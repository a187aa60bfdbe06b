#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/common/rpc/grpc_status.h"
#include "services/content/catalog_service.h"
#include "tests/services/content/fake_catalog_store.h"
#include "tests/support/grpc_fixture.h"

namespace rostrum::content {

// CatalogService on a fake store, and calls to it.
class CatalogFixture : public GrpcFixture {
 protected:
  using Stub = v1::CatalogService::Stub;
  using Roles = std::set<std::string>;

  inline static const AccountId kAnna{"00000000-0000-7000-8000-00000000000a"};
  inline static const AccountId kBert{"00000000-0000-7000-8000-00000000000b"};
  inline static const AccountId kNobody;

  CatalogFixture() : GrpcFixture("content") {
    Serve({&service_});
    stub_ = v1::CatalogService::NewStub(channel());
  }

  // Makes one call as an account, by default an editor, or as nobody.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const AccountId& as = kBert,
                                const Roles& roles = {"editor"}) {
    grpc::ClientContext ctx;
    if (as.empty()) {
      AsAnonymous(ctx);
    } else {
      AsAccount(ctx, as, roles);
    }
    Response response;
    const absl::Status status = FromGrpcStatus((stub_.get()->*method)(&ctx, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  static v1::CreateChannelRequest NewChannel(const std::string& slug, const std::string& name) {
    v1::CreateChannelRequest request;
    request.mutable_channel()->set_slug(slug);
    request.mutable_channel()->set_display_name(name);
    return request;
  }
  static v1::CreateTopicRequest NewTopic(const std::string& slug, const std::string& name) {
    v1::CreateTopicRequest request;
    request.mutable_topic()->set_slug(slug);
    request.mutable_topic()->set_display_name(name);
    return request;
  }
  static v1::CreateAuthorRequest NewAuthor(const std::string& slug, const std::string& name,
                                           const AccountId& account_id = AccountId()) {
    v1::CreateAuthorRequest request;
    request.mutable_author()->set_slug(slug);
    request.mutable_author()->set_display_name(name);
    request.mutable_author()->set_account_id(account_id.value());
    return request;
  }
  absl::StatusOr<v1::Channel> Create(const v1::CreateChannelRequest& request) {
    return Call(&Stub::CreateChannel, request);
  }
  absl::StatusOr<v1::Topic> Create(const v1::CreateTopicRequest& request) {
    return Call(&Stub::CreateTopic, request);
  }
  absl::StatusOr<v1::Author> Create(const v1::CreateAuthorRequest& request) {
    return Call(&Stub::CreateAuthor, request);
  }
  absl::StatusOr<v1::Channel> GetChannel(const std::string& name, const AccountId& as = kNobody) {
    v1::GetChannelRequest request;
    request.set_channel(name);
    return Call(&Stub::GetChannel, request, as, {});
  }
  absl::StatusOr<v1::Topic> GetTopic(const std::string& name) {
    v1::GetTopicRequest request;
    request.set_topic(name);
    return Call(&Stub::GetTopic, request, kNobody);
  }
  absl::StatusOr<v1::Author> GetAuthor(const std::string& name, const AccountId& as = kNobody,
                                       const Roles& roles = {}) {
    v1::GetAuthorRequest request;
    request.set_author(name);
    return Call(&Stub::GetAuthor, request, as, roles);
  }

  // Changes fields of a channel or an author; without a mask, those that have a value.
  absl::StatusOr<v1::Channel> Update(const v1::Channel& channel,
                                     const std::vector<std::string>& mask = {}) {
    v1::UpdateChannelRequest request;
    *request.mutable_channel() = channel;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Call(&Stub::UpdateChannel, request);
  }
  absl::StatusOr<v1::Author> Update(const v1::Author& author,
                                    const std::vector<std::string>& mask = {},
                                    const AccountId& as = kBert, const Roles& roles = {"editor"}) {
    v1::UpdateAuthorRequest request;
    *request.mutable_author() = author;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Call(&Stub::UpdateAuthor, request, as, roles);
  }

  FakeCatalogStore store_;
  PageTokens page_tokens_{"a secret of thirty-two bytes or more"};
  CatalogService service_{store_, page_tokens_, clock(), runtime(), absl::ZeroDuration()};
  std::unique_ptr<Stub> stub_;
};

}  // namespace rostrum::content
