#include "gateway/http/error_form.h"

#include "nlohmann/json.hpp"

namespace rostrum::http {

absl::string_view StatusName(int status) {
  switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 405: return "UNIMPLEMENTED";
    case 408: return "DEADLINE_EXCEEDED";
    case 409: return "ABORTED";
    case 429: return "RESOURCE_EXHAUSTED";
    case 499: return "CANCELLED";
    case 501: return "UNIMPLEMENTED";
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    case 505: return "UNIMPLEMENTED";
    default: return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  }
}

HttpResponse JsonError(const Refusal& refusal) {
  nlohmann::ordered_json info;
  info["@type"] = "type.googleapis.com/google.rpc.ErrorInfo";
  info["reason"] = refusal.reason;
  info["domain"] = "gateway.rostrum";
  nlohmann::ordered_json error;
  error["code"] = refusal.status;
  error["status"] = std::string(StatusName(refusal.status));
  error["message"] = refusal.message;
  error["details"] = nlohmann::ordered_json::array({info});
  const nlohmann::ordered_json whole = {{"error", error}};

  HttpResponse response;
  response.status = refusal.status;
  response.headers.Set("Content-Type", "application/json");
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.body = whole.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return response;
}

HttpResponse HttpHandler::Refuse(const Refusal& refusal, const RequestHead*) {
  return JsonError(refusal);
}

}  // namespace rostrum::http
