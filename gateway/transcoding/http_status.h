#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"

namespace rostrum::gateway {

// The ErrorInfo.domain of errors that the gateway itself finds.
inline constexpr char kGatewayDomain[] = "gateway.rostrum";

// The HTTP status of a google.rpc.Code; 500 for numbers that are none.
int HttpStatusOf(int code);
// That of an error, as ErrorAnswer gives it.
int HttpStatusOf(const absl::Status& error);
// "NOT_FOUND"; "UNKNOWN" for numbers that are none.
absl::string_view CodeName(int code);

// An answer over HTTP, before the server sends it.
struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string etag;           // empty: none
  std::string cache_control;  // empty: the answer says nothing of it
  // What else an error needs: Retry-After, WWW-Authenticate, Allow.
  std::vector<std::pair<std::string, std::string>> headers;
};

// An error as it goes out:
//   {"error":{"code":404,"status":"NOT_FOUND","message":"...","details":[...]}}

// Details of types other than ErrorInfo, BadRequest and RetryInfo are given as
// base64. The gateway's own errors have statuses that no code has: 405,
// 413, 415; a database that is busy is 503, not the caller's 429. An error that gives no reason of
// its own comes from gRPC, or was meant for a log: its text may name hosts, so it is replaced.
HttpAnswer ErrorAnswer(const google::rpc::Status& status);

}  // namespace rostrum::gateway
