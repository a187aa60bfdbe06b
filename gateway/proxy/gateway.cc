#include "gateway/proxy/gateway.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/http/security_headers.h"
#include "gateway/proxy/error_response.h"
#include "services/common/base/json_text.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

http::HttpResponse Text(int status, std::string body) {
  http::HttpResponse response;
  response.status = status;
  response.headers.Set("Content-Type", "application/json");
  response.headers.Set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

http::ContentKind KindOf(const http::HttpResponse& response) {
  const std::string* type = response.headers.Find("Content-Type");
  const bool is_picture = type != nullptr && absl::StartsWith(*type, "image/");
  return is_picture ? http::ContentKind::kMedia : http::ContentKind::kApi;
}

bool IsForApi(const http::RequestHead& head) { return absl::StartsWith(head.path, "/v1/"); }

// Whether the answer is to be shown to a person.
bool WantsPage(const http::RequestHead& head) {
  const std::string* accept = head.headers.Find("Accept");
  return !IsForApi(head) && accept != nullptr && absl::StrContains(*accept, "text/html");
}

// Forbids the training of models with what is served, in the ways that headers have for it.
void ForbidTraining(http::HttpResponse& response) {
  response.headers.Set("TDM-Reservation", "1");
  response.headers.Set("X-Robots-Tag", "noai, noimageai");
}

}  // namespace

Gateway::Gateway(Options options, Api& api, Backends& backends, Pages pages)
    : options_(std::move(options)),
      openapi_("/", {{"openapi.json", {options_.openapi.data(), options_.openapi.size()}}}),
      api_(api),
      backends_(backends),
      pages_(std::move(pages)) {}

asio::awaitable<http::HttpResponse> Gateway::Handle(http::HttpRequest& request) {
  http::HttpResponse response = co_await Answer(request);
  ForbidTraining(response);
  co_return response;
}

asio::awaitable<http::HttpResponse> Gateway::Answer(http::HttpRequest& request) {
  http::HttpResponse response;
  if (IsForApi(request)) {
    response = co_await api_.Handle(request);
  } else if (request.is_read() && request.path == "/healthz") {
    response = Text(200, "{\"status\":\"ok\"}");
    response.route = "/healthz";
  } else if (request.is_read() && request.path == "/readyz") {
    response = Ready();
    response.route = "/readyz";
  } else if (auto description = openapi_.Serve(request)) {
    response = *std::move(description);
    response.route = "/openapi.json";
  } else if (pages_.handle != nullptr) {
    co_return co_await pages_.handle(request);
  } else {
    response = ErrorResponse(
        Error(absl::StatusCode::kNotFound, "ROUTE_NOT_FOUND", "there is nothing at this path"));
  }
  http::AddSecurityHeaders(KindOf(response), {.hsts = options_.hsts}, response);
  co_return response;
}

http::HttpResponse Gateway::Ready() {
  if (draining_) return Text(503, "{\"status\":\"draining\"}");
  const std::vector<std::string> away = backends_.Unconnected();
  const bool tired = absl::Now() - begin_ >= options_.patience;
  if (away.empty() || (tired && away.size() < backends_.size())) was_ready_ = true;
  const std::string names = absl::StrJoin(
      away, ",", [](std::string* out, const std::string& name) { out->append(JsonString(name)); });
  return Text(was_ready_ ? 200 : 503,
              absl::StrCat("{\"status\":\"", was_ready_ ? "ready" : "starting",
                           "\",\"unreachable\":[", names, "]}"));
}

http::HttpResponse Gateway::Refuse(const http::Refusal& refusal, const http::RequestHead* head) {
  http::HttpResponse response;
  if (pages_.refuse != nullptr && head != nullptr && WantsPage(*head)) {
    response = pages_.refuse(refusal);
  } else {
    response = HttpHandler::Refuse(refusal, head);
    http::AddSecurityHeaders(http::ContentKind::kApi, {.hsts = options_.hsts}, response);
  }
  ForbidTraining(response);
  return response;
}

}  // namespace rostrum::gateway
