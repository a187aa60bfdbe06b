#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/http/message.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/transcoding/http_status.h"
#include "google/rpc/status.pb.h"

namespace rostrum::gateway {

// Converts a transcoded answer into a response of the HTTP server.
http::HttpResponse ToHttpResponse(HttpAnswer answer);

// The JSON error (http_status.h) for an error of the gateway itself or of a service.
http::HttpResponse ErrorResponse(const absl::Status& status);
http::HttpResponse ErrorResponse(const google::rpc::Status& status);

// The response of `answer`, or INTERNAL if it throws; what was thrown is logged. The caller
// can then answer with an error that has the request id, route and trace.
asio::awaitable<absl::StatusOr<http::HttpResponse>> Caught(
    asio::awaitable<http::HttpResponse> answer, const CallerContext& caller);

}  // namespace rostrum::gateway
