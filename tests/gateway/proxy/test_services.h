#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/server.h"
#include "rostrum/account/v1/identity_service.grpc.pb.h"
#include "rostrum/account/v1/session_service.grpc.pb.h"
#include "rostrum/comment/v1/comment_service.grpc.pb.h"
#include "rostrum/content/v1/catalog_service.grpc.pb.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "rostrum/library/v1/library.grpc.pb.h"
#include "tests/support/grpc_fixture.h"

namespace rostrum::gateway {

// Whose credentials the stand-in of account knows.
inline constexpr char kAna[] = "11111111-1111-7111-8111-111111111111";
inline constexpr char kAnasSession[] = "anas-session-token";
inline constexpr char kAnasToken[] = "rst_anas-access-token";
inline constexpr char kNewSession[] = "new-session-token";

// The metadata that came with each call, byte for byte. Thread-safe.
class CallLog {
 public:
  using Metadata = std::multimap<std::string, std::string>;
  void Add(const grpc::ServerContextBase& ctx);
  int count() const;
  // Of the last call; empty if there was none.
  Metadata last() const;
  // The only value of a key in the last call, or "".
  std::string Last(const std::string& key) const;

 private:
  mutable absl::Mutex mu_;
  std::vector<Metadata> calls_ ABSL_GUARDED_BY(mu_);
};

// A real gRPC server of some handlers, which can go away and come back on the
// same port. It has the runtime that HandleRpc needs.
class Backend {
 public:
  Backend(const std::string& service, Clock& clock) : test_server_(service, &clock) {}
  ~Backend() { Stop(); }
  void Serve(std::vector<grpc::Service*> services);
  void Stop();
  // After Stop.
  void Restart();
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  GrpcTestServer& test_server() { return test_server_; }
  RpcRuntime& runtime() { return test_server_.runtime(); }

 private:
  GrpcTestServer test_server_;
  std::vector<grpc::Service*> services_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// Knows Ana's session and access token, and nobody else's.
class StandInIdentities final : public account::v1::IdentityService::Service {
 public:
  explicit StandInIdentities(Backend& backend) : backend_(backend) {}
  grpc::Status ResolveCredential(grpc::ServerContext* ctx,
                                 const account::v1::ResolveCredentialRequest* request,
                                 account::v1::Identity* response) override;
  int asked() const { return asked_; }
  CallLog log;
  // Of Ana's, answers wait for it, if there is one.
  std::atomic<absl::Notification*> answer = nullptr;

 private:
  Backend& backend_;
  std::atomic<int> asked_ = 0;
};

// LogIn opens kNewSession for any password; LogOut ends it.
class StandInSessions final : public account::v1::SessionService::Service {
 public:
  grpc::Status LogIn(grpc::ServerContext* ctx, const account::v1::LogInRequest* request,
                     account::v1::Session* response) override;
  grpc::Status LogOut(grpc::ServerContext* ctx, const account::v1::LogOutRequest* request,
                      account::v1::LogOutResponse* response) override;
};

// Comments by their id:
//   GetComment     "slow" waits for its deadline, "hangs" the first time,
//                  "busy" is RESOURCE_EXHAUSTED, "broken" is an exception;
//                  any other has the etag "v1"
//   CreateComment  INVALID_ARGUMENT without a body; else says request id and
//                  caller in the answer
//   UpdateComment  waits for its deadline
//   DeleteComment  ABORTED unless the etag is "v1" with its quotes
class StandInComments final : public comment::v1::CommentService::Service {
 public:
  explicit StandInComments(RpcRuntime& runtime)
      : rpc_(runtime, comment::v1::CommentService::service_full_name()) {}
  grpc::Status GetComment(grpc::ServerContext* ctx, const comment::v1::GetCommentRequest* request,
                          comment::v1::Comment* response) override;
  grpc::Status CreateComment(grpc::ServerContext* ctx,
                             const comment::v1::CreateCommentRequest* request,
                             comment::v1::Comment* response) override;
  grpc::Status UpdateComment(grpc::ServerContext* ctx,
                             const comment::v1::UpdateCommentRequest* request,
                             comment::v1::Comment* response) override;
  grpc::Status DeleteComment(grpc::ServerContext* ctx,
                             const comment::v1::DeleteCommentRequest* request,
                             comment::v1::Comment* response) override;
  CallLog log;
  // Calls that are waiting.
  std::atomic<int> waiting = 0;
  std::atomic<bool> has_hung = false;

 private:
  void Wait(const grpc::ServerContext& ctx);
  const RpcMethods rpc_;
};

// GetPost: "metered" asks to keep the visitor's pass; each has an etag that is
// sent beside the message. ListPosts: one post, whose id is that of the channel.
class StandInPosts final : public content::v1::PostService::Service {
 public:
  explicit StandInPosts(RpcRuntime& runtime)
      : rpc_(runtime, content::v1::PostService::service_full_name()) {}
  grpc::Status GetPost(grpc::ServerContext* ctx, const content::v1::GetPostRequest* request,
                       content::v1::Post* response) override;
  grpc::Status ListPosts(grpc::ServerContext* ctx, const content::v1::ListPostsRequest* request,
                         content::v1::ListPostsResponse* response) override;
  std::atomic<bool> renamed = false;  // the post of ListPosts
  std::atomic<bool> hold = false;     // ListPosts waits for as long
  CallLog log;

 private:
  const RpcMethods rpc_;
};

// A channel has a long description.
class StandInCatalog final : public content::v1::CatalogService::Service {
 public:
  explicit StandInCatalog(RpcRuntime& runtime)
      : rpc_(runtime, content::v1::CatalogService::service_full_name()) {}
  grpc::Status GetChannel(grpc::ServerContext* ctx, const content::v1::GetChannelRequest* request,
                          content::v1::Channel* response) override;

 private:
  const RpcMethods rpc_;
};

// WatchLoans sends what the test says, then waits, if told to, until the call
// is cancelled.
class StandInLibrary final : public library::v1::LibraryService::Service {
 public:
  grpc::Status WatchLoans(grpc::ServerContext* ctx, const library::v1::WatchLoansRequest* request,
                          grpc::ServerWriter<library::v1::WatchLoansResponse>* writer) override;
  std::vector<std::string> books = {"first", "second"};
  grpc::Status status = grpc::Status::OK;
  std::atomic<bool> wait = false;  // before the end, until cancelled or false
  std::atomic<int> open = 0;
  std::atomic<int> cancelled = 0;
  std::string resumed_from() const;

 private:
  mutable absl::Mutex mu_;
  std::string resumed_from_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::gateway
