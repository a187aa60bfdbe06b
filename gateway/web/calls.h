#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/shared_calls.h"
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
  // `timeout` is for each call, `total` for all of them from now on; a call that is shared
  // has the time of SharedCalls, and begins within `total`.
  Calls(Backends& backends, SharedCalls& shared, const CallerContext& caller,
        absl::Duration timeout, absl::Duration total)
      : backends_(backends),
        shared_(shared),
        caller_(caller),
        timeout_(timeout),
        deadline_(absl::Now() + total) {}

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

  // Calls without the reader, together with others who ask the same at this time: for what is
  // shown to everybody alike.
  template <class R>
  asio::awaitable<absl::StatusOr<std::shared_ptr<const typename R::Response>>> CallShared(
      const R rpc, const typename R::Request& request) {
    SharedCall call{
        .service = rpc.service, .method = rpc.method, .request = request.SerializeAsString()};
    // A call that others wait for as well has its own time, but none begins after this.
    if (absl::Now() >= deadline_) {
      co_return absl::DeadlineExceededError("the page's time is over");
    }
    const absl::StatusOr<SharedAnswerPtr> answer = co_await shared_.Call(std::move(call), caller_);
    if (!answer.ok()) co_return answer.status();
    absl::StrAppend(&shared_numbers_, " ", (*answer)->number);
    const auto* message =
        google::protobuf::DynamicCastToGenerated<typename R::Response>((*answer)->message.get());
    if (message == nullptr) co_return absl::InternalError("the RPC has another answer");
    co_return std::shared_ptr<const typename R::Response>(*answer, message);
  }

  // The numbers of the answers of CallShared so far: they are the same for the same questions
  // only if the answers are equal.
  const std::string& shared_numbers() const { return shared_numbers_; }

  // Metadata of all answers so far, but those of CallShared.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Adds an entry as if a service had sent it.
  void AddMetadata(const std::string& name, const std::string& value) { metadata_[name] = value; }

 private:
  asio::awaitable<absl::StatusOr<std::string>> CallRaw(std::string service, std::string method,
                                                       std::string request);

  Backends& backends_;
  SharedCalls& shared_;
  const CallerContext& caller_;
  const absl::Duration timeout_;
  const absl::Time deadline_;
  std::map<std::string, std::string> metadata_;
  std::string shared_numbers_;
};

}  // namespace rostrum::gateway
