#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"

namespace rostrum::gateway {

// The ErrorInfo.domain of errors of the gateway itself.
inline constexpr char kGatewayDomain[] = "gateway.rostrum";

// The HTTP status of a google.rpc.Code; 500 for numbers that are no code.
int HttpStatusOf(int code);
// The HTTP status that ErrorAnswer gives to an error.
int HttpStatusOf(const absl::Status& error);
// The value of Retry-After: whole seconds, at least one.
int64_t RetryAfterSeconds(absl::Duration delay);
// "NOT_FOUND"; "UNKNOWN" for numbers that are no code.
absl::string_view CodeName(int code);

// An answer over HTTP, before the server sends it.
struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string etag;           // empty: none
  std::string cache_control;  // empty: none
  // Further headers of errors: Retry-After, WWW-Authenticate, Allow.
  std::vector<std::pair<std::string, std::string>> headers;
};

// The HTTP answer of an error:
//   {"error":{"code":404,"status":"NOT_FOUND","message":"...","details":[...]}}

// Details of types other than ErrorInfo, BadRequest and RetryInfo are given as base64. Some
// statuses do not follow from the code: 405, 413 and 415 of the gateway's own errors, and
// 503 (not 429) for a busy database. An error without a reason comes from gRPC or was meant
// for a log; its text may name hosts, so it is replaced.
HttpAnswer ErrorAnswer(const google::rpc::Status& status);

}  // namespace rostrum::gateway
