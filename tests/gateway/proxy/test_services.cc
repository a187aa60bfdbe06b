#include "tests/gateway/proxy/test_services.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

}  // namespace

void CallLog::Add(const grpc::ServerContextBase& ctx) {
  Metadata metadata;
  for (const auto& [key, value] : ctx.client_metadata()) {
    metadata.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  absl::MutexLock lock(&mu_);
  calls_.push_back(std::move(metadata));
}

int CallLog::count() const {
  absl::MutexLock lock(&mu_);
  return static_cast<int>(calls_.size());
}

CallLog::Metadata CallLog::last() const {
  absl::MutexLock lock(&mu_);
  return calls_.empty() ? Metadata() : calls_.back();
}

std::string CallLog::Last(const std::string& key) const {
  const Metadata metadata = last();
  return metadata.count(key) == 1 ? metadata.find(key)->second : "";
}

void Backend::Serve(std::vector<grpc::Service*> services) {
  services_ = std::move(services);
  Restart();
}

void Backend::Restart() {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(),
                           &port_);
  for (grpc::Service* service : services_) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::fputs("the backend cannot listen on 127.0.0.1\n", stderr);
    std::abort();
  }
}

void Backend::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
  server_->Wait();
  server_.reset();
}

grpc::Status StandInIdentities::ResolveCredential(
    grpc::ServerContext* ctx, const account::v1::ResolveCredentialRequest* request,
    account::v1::Identity* response) {
  ++asked_;
  log.Add(*ctx);
  const bool by_session = request->credential() == kAnasSession;
  if (!by_session && request->credential() != kAnasToken) {
    return ToGrpcStatus(
        Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_INVALID", "no such credential"),
        "account.rostrum");
  }
  if (absl::Notification* const told = answer) told->WaitForNotification();
  Caller caller;
  caller.kind = Caller::Kind::kAccount;
  caller.account_id = AccountId(kAna);
  caller.display_name = "Ana";
  caller.has_all_scopes = by_session;
  caller.scopes = {"read", "write"};
  response->set_account_id(kAna);
  response->set_display_name("Ana");
  if (by_session) {
    caller.session_id = SessionId("22222222-2222-7222-8222-222222222222");
    response->set_session_id(caller.session_id.value());
  } else {
    response->set_token_id("33333333-3333-7333-8333-333333333333");
  }
  GrpcTestServer& keys = backend_.test_server();
  for (const char* service : {"account", "comment", "content"}) {
    (*response->mutable_tokens())[service] = keys.signer("account").Sign(caller, service);
  }
  *response->mutable_expire_time() = ToProtoTime(keys.clock().Now() + kIdentityLifetime);
  return grpc::Status::OK;
}

grpc::Status StandInSessions::LogIn(grpc::ServerContext* ctx, const account::v1::LogInRequest*,
                                    account::v1::Session*) {
  SetSession(ctx, kNewSession);
  return grpc::Status::OK;
}

grpc::Status StandInSessions::LogOut(grpc::ServerContext* ctx, const account::v1::LogOutRequest*,
                                     account::v1::LogOutResponse*) {
  EndSession(ctx);
  return grpc::Status::OK;
}

void StandInComments::Wait(const grpc::ServerContext& ctx) {
  ++waiting;
  while (!ctx.IsCancelled()) Pause();
  --waiting;
}

grpc::Status StandInComments::GetComment(grpc::ServerContext* ctx,
                                         const comment::v1::GetCommentRequest* request,
                                         comment::v1::Comment* response) {
  log.Add(*ctx);
  return HandleRpc(rpc_, ctx, "GetComment", [&](const RequestContext&) -> absl::Status {
    const bool hangs = request->comment_id() == "hangs" && !has_hung.exchange(true);
    if (hangs || request->comment_id() == "slow") {
      Wait(*ctx);
    } else if (request->comment_id() == "busy") {
      return RetryLater(absl::StatusCode::kResourceExhausted, "BUSY", "too many at once",
                        absl::Seconds(7));
    } else if (request->comment_id() == "broken") {
      throw std::runtime_error("password of the database");
    }
    response->set_comment_id(request->comment_id());
    response->set_etag("\"v1\"");
    return absl::OkStatus();
  });
}

grpc::Status StandInComments::CreateComment(grpc::ServerContext* ctx,
                                            const comment::v1::CreateCommentRequest* request,
                                            comment::v1::Comment* response) {
  log.Add(*ctx);
  return HandleRpc(rpc_, ctx, "CreateComment", [&](const RequestContext& rc) -> absl::Status {
    if (request->comment().body().empty()) {
      return InvalidField("comment.body", "REQUIRED", "must not be empty");
    }
    response->set_comment_id(request->request_id());
    response->set_post_id(request->post_id());
    response->mutable_author()->set_account_id(rc.caller.account_id.value());
    response->mutable_author()->set_display_name(rc.caller.display_name);
    return absl::OkStatus();
  });
}

grpc::Status StandInComments::UpdateComment(grpc::ServerContext* ctx,
                                            const comment::v1::UpdateCommentRequest*,
                                            comment::v1::Comment*) {
  log.Add(*ctx);
  return HandleRpc(rpc_, ctx, "UpdateComment", [&](const RequestContext&) -> absl::Status {
    Wait(*ctx);
    return absl::OkStatus();
  });
}

grpc::Status StandInComments::DeleteComment(grpc::ServerContext* ctx,
                                            const comment::v1::DeleteCommentRequest* request,
                                            comment::v1::Comment*) {
  log.Add(*ctx);
  return HandleRpc(rpc_, ctx, "DeleteComment", [&](const RequestContext&) -> absl::Status {
    if (request->etag() == "\"v1\"") return absl::OkStatus();
    return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH", "it was changed meanwhile");
  });
}

grpc::Status StandInPosts::GetPost(grpc::ServerContext* ctx,
                                   const content::v1::GetPostRequest* request,
                                   content::v1::Post* response) {
  log.Add(*ctx);
  return HandleRpc(rpc_, ctx, "GetPost", [&](const RequestContext&) -> absl::Status {
    if (request->post_id() == "metered") KeepVisitor(ctx);
    SetEtag(ctx, "\"granted-3\"");
    response->mutable_summary()->set_post_id(request->post_id());
    return absl::OkStatus();
  });
}

grpc::Status StandInPosts::ListPosts(grpc::ServerContext* ctx,
                                     const content::v1::ListPostsRequest* request,
                                     content::v1::ListPostsResponse* response) {
  log.Add(*ctx);
  while (hold) absl::SleepFor(absl::Milliseconds(1));
  return HandleRpc(rpc_, ctx, "ListPosts", [&](const RequestContext&) -> absl::Status {
    if (request->channel() == "none") {
      return Error(absl::StatusCode::kNotFound, "CHANNEL_NOT_FOUND", "there is no such channel");
    }
    content::v1::PostSummary& post = *response->add_posts();
    post.set_post_id(request->channel());
    post.set_title(renamed ? "War" : "Peace");
    return absl::OkStatus();
  });
}

grpc::Status StandInCatalog::GetChannel(grpc::ServerContext* ctx,
                                        const content::v1::GetChannelRequest* request,
                                        content::v1::Channel* response) {
  return HandleRpc(rpc_, ctx, "GetChannel", [&](const RequestContext&) -> absl::Status {
    response->set_slug(request->channel());
    response->set_description(std::string(5000, 'd'));
    response->set_etag("\"v1\"");
    return absl::OkStatus();
  });
}

grpc::Status StandInLibrary::WatchLoans(
    grpc::ServerContext* ctx, const library::v1::WatchLoansRequest* request,
    grpc::ServerWriter<library::v1::WatchLoansResponse>* writer) {
  {
    absl::MutexLock lock(&mu_);
    resumed_from_ = request->resume_token();
  }
  ++open;
  for (const std::string& book : books) {
    library::v1::WatchLoansResponse response;
    response.set_book_id(book);
    response.set_resume_token(absl::StrCat("after-", book));
    writer->Write(response);
  }
  while (wait && !ctx->IsCancelled()) Pause();
  if (ctx->IsCancelled()) ++cancelled;
  --open;
  return status;
}

std::string StandInLibrary::resumed_from() const {
  absl::MutexLock lock(&mu_);
  return resumed_from_;
}

}  // namespace rostrum::gateway
