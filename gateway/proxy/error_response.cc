#include "gateway/proxy/error_response.h"

#include <utility>

#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {

http::HttpResponse ToHttpResponse(HttpAnswer answer) {
  http::HttpResponse response;
  response.status = answer.status;
  response.headers.Set("Content-Type", answer.content_type);
  if (!answer.etag.empty()) response.headers.Set("ETag", answer.etag);
  // What depends on who asks is never kept by a shared cache.
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

}  // namespace rostrum::gateway
