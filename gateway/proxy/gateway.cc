#include "gateway/proxy/gateway.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/http/security_headers.h"
#include "gateway/proxy/error_response.h"
#include "gateway/transcoding/header_binding.h"
#include "services/common/base/crypto.h"
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

bool IsRead(const http::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

Gateway::Gateway(Options options, Api& api, Backends& backends, Pages pages)
    : options_(std::move(options)),
      openapi_(std::make_shared<const std::string>(options_.openapi)),
      openapi_etag_(absl::StrCat("\"", Hex(Sha256(options_.openapi)).substr(0, 32), "\"")),
      api_(api),
      backends_(backends),
      pages_(std::move(pages)) {}

asio::awaitable<http::HttpResponse> Gateway::Handle(http::HttpRequest& request) {
  http::HttpResponse response;
  if (absl::StartsWith(request.path, "/v1/")) {
    response = co_await api_.Handle(request);
  } else if (IsRead(request) && request.path == "/healthz") {
    response = Text(200, "{\"status\":\"ok\"}");
    response.route = "/healthz";
  } else if (IsRead(request) && request.path == "/readyz") {
    response = Ready();
    response.route = "/readyz";
  } else if (IsRead(request) && request.path == "/openapi.json") {
    response = OpenApi(request);
    response.route = "/openapi.json";
  } else if (pages_ != nullptr) {
    co_return co_await pages_(request);
  } else {
    response = ErrorResponse(
        Error(absl::StatusCode::kNotFound, "ROUTE_NOT_FOUND", "there is nothing at this path"));
  }
  http::AddSecurityHeaders(http::ContentKind::kApi, options_.tls, response);
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

http::HttpResponse Gateway::OpenApi(const http::HttpRequest& request) const {
  http::HttpResponse response;
  response.headers.Set("Content-Type", "application/json");
  response.headers.Set("Cache-Control", "public, max-age=300");
  response.headers.Set("ETag", openapi_etag_);
  const std::string* known = request.headers.Find("If-None-Match");
  if (known != nullptr && EtagMatches(*known, openapi_etag_)) {
    response.status = 304;
  } else {
    response.shared_body = openapi_;
  }
  return response;
}

}  // namespace rostrum::gateway
