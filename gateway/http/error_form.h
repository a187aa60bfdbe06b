#pragma once

#include "absl/strings/string_view.h"
#include "gateway/http/message.h"

namespace rostrum::http {

// The body of errors in the HTTP API, with an ErrorInfo of the domain gateway.rostrum:
//   {"error":{"code":404,"status":"NOT_FOUND","message":"...","details":[...]}}
HttpResponse JsonError(const Refusal& refusal);

// The name of the google.rpc.Code that is closest to an HTTP status.
absl::string_view StatusName(int status);

}  // namespace rostrum::http
