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

// An answer as the HTTP server takes it.
http::HttpResponse ToHttpResponse(HttpAnswer answer);

// The one error form, of an error of the gateway itself or of a service.
http::HttpResponse ErrorResponse(const absl::Status& status);
http::HttpResponse ErrorResponse(const google::rpc::Status& status);

// What `answer` answers, or INTERNAL if it throws: so that this too is an answer to the
// request, with its id, its route and its trace. The log says what was thrown.
asio::awaitable<absl::StatusOr<http::HttpResponse>> Caught(
    asio::awaitable<http::HttpResponse> answer, const CallerContext& caller);

}  // namespace rostrum::gateway
