#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "gateway/web/calls.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/server.h"

namespace rostrum::gateway {

// A gRPC server that gives to each method the answer it was told to give, and knows no other
// methods. Thread-safe.
class ToldServices final : public grpc::CallbackGenericService {
 public:
  ToldServices();
  ~ToldServices() override;
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  template <class R>
  void Answer(const R& rpc, const typename R::Response& response) {
    Tell(rpc.method, [bytes = response.SerializeAsString()](const std::string&) { return bytes; });
  }
  // The answer is what `answer` makes of the request: a response or a status.
  template <class R, class F>
  void AnswerBy(const R& rpc, F answer) {
    Tell(rpc.method,
         [answer = std::move(answer)](const std::string& bytes) -> absl::StatusOr<std::string> {
           typename R::Request request;
           request.ParseFromString(bytes);
           const absl::StatusOr<typename R::Response> response = answer(request);
           if (!response.ok()) return response.status();
           return response->SerializeAsString();
         });
  }
  template <class R>
  void Refuse(const R& rpc, const absl::Status& status) {
    Tell(rpc.method, [status](const std::string&) { return status; });
  }
  // The last request of that method; empty if there was none.
  template <class R>
  typename R::Request Asked(const R& rpc) const {
    typename R::Request request;
    absl::MutexLock lock(&mu_);
    const auto asked = asked_.find(rpc.method);
    if (asked != asked_.end()) request.ParseFromString(asked->second);
    return request;
  }
  template <class R>
  bool WasAsked(const R& rpc) const {
    absl::MutexLock lock(&mu_);
    return asked_.contains(rpc.method);
  }

 private:
  class Call;
  using Answerer = std::function<absl::StatusOr<std::string>(const std::string& request)>;
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* ctx) override;
  void Tell(const std::string& method, Answerer answerer);
  absl::StatusOr<std::string> Take(const std::string& method, std::string request);

  mutable absl::Mutex mu_;
  std::map<std::string, Answerer> answerers_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string> asked_ ABSL_GUARDED_BY(mu_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace rostrum::gateway
