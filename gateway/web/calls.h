#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "google/protobuf/message.h"
#include "services/common/rpc/request_id.h"

namespace rostrum::gateway {

namespace asio = boost::asio;

// An RPC with the types of its messages, such as
//   inline constexpr Rpc<content::v1::GetPostRequest, content::v1::Post> kGetPost{
//       "content", "/rostrum.content.v1.PostService/GetPost"};
// rpcs.h lists those that pages call.
template <class RequestType, class ResponseType>
struct Rpc {
  using Request = RequestType;
  using Response = ResponseType;
  const char* service;
  const char* method;
};

// Makes the calls of one page on behalf of its reader, and collects the metadata of the
// answers (cookies to be set). Used by one coroutine at a time.
class Calls {
 public:
  // `timeout` is for each call, `total` for all of them from now on.
  Calls(Backends& backends, const CallerContext& caller, absl::Duration timeout,
        absl::Duration total)
      : backends_(backends), caller_(caller), timeout_(timeout), deadline_(absl::Now() + total) {}

  // The errors are the service's.
  template <class R>
  asio::awaitable<absl::StatusOr<typename R::Response>> Call(const R rpc,
                                                             typename R::Request request) {
    EnsureRequestId(request);
    std::string bytes = request.SerializeAsString();
    absl::StatusOr<std::string> answer =
        co_await CallRaw(rpc.service, rpc.method, std::move(bytes));
    if (!answer.ok()) co_return answer.status();
    typename R::Response response;
    if (!response.ParseFromString(*answer)) {
      co_return absl::InternalError("a service answered something else");
    }
    co_return response;
  }

  // Metadata of all answers so far.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Adds an entry as if a service had sent it.
  void AddMetadata(const std::string& name, const std::string& value) { metadata_[name] = value; }

 private:
  asio::awaitable<absl::StatusOr<std::string>> CallRaw(std::string service, std::string method,
                                                       std::string request);

  Backends& backends_;
  const CallerContext& caller_;
  const absl::Duration timeout_;
  const absl::Time deadline_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace rostrum::gateway
