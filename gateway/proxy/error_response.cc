#include "gateway/proxy/error_response.h"

#include <exception>
#include <string>
#include <utility>

#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {

http::HttpResponse ToHttpResponse(HttpAnswer answer) {
  http::HttpResponse response;
  response.status = answer.status;
  response.headers.Set("Content-Type", answer.content_type);
  if (!answer.etag.empty()) response.headers.Set("ETag", answer.etag);
  // Shared caches must never store an answer that depends on the caller.
  const std::string otherwise = answer.etag.empty() ? "no-store" : "private, no-cache";
  response.headers.Set("Cache-Control",
                       answer.cache_control.empty() ? otherwise : answer.cache_control);
  for (const auto& [name, value] : answer.headers) response.headers.Set(name, value);
  response.body = std::move(answer.body);
  return response;
}

http::HttpResponse ErrorResponse(const google::rpc::Status& status) {
  return ToHttpResponse(ErrorAnswer(status));
}

http::HttpResponse ErrorResponse(const absl::Status& status) {
  return ErrorResponse(ToRpcStatus(status, "gateway.rostrum"));
}

asio::awaitable<absl::StatusOr<http::HttpResponse>> Caught(
    asio::awaitable<http::HttpResponse> answer, const CallerContext& caller) {
  std::string thrown;
  try {
    co_return co_await std::move(answer);
  } catch (const std::exception& error) {
    thrown = error.what();
  } catch (...) {
    thrown = "something that is no exception";
  }
  LogError(
      "handler threw",
      {{"error", thrown}, {"request_id", caller.request_id}, {"trace_id", caller.trace.trace_id}});
  co_return Error(absl::StatusCode::kInternal, "INTERNAL", "something went wrong on our side");
}

}  // namespace rostrum::gateway
