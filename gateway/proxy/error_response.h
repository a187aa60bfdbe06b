#pragma once

#include <string>

#include "absl/status/status.h"
#include "gateway/http/message.h"
#include "gateway/transcoding/http_status.h"
#include "google/rpc/status.pb.h"

namespace rostrum::gateway {

// An answer as the HTTP server takes it.
http::HttpResponse ToHttpResponse(HttpAnswer answer);

// The one error form, of an error of the gateway itself or of a service.
http::HttpResponse ErrorResponse(const absl::Status& status);
http::HttpResponse ErrorResponse(const google::rpc::Status& status);

}  // namespace rostrum::gateway
