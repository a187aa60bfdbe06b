#include "gateway/proxy/stored_response.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/http/compression.h"
#include "gateway/http/gzip.h"
#include "gateway/transcoding/header_binding.h"
#include "services/common/base/crypto.h"

namespace rostrum::gateway {
namespace {

http::HttpHeaders HeadersOf(http::HttpResponse& response) {
  http::AddVaryByEncoding(response.headers);
  return std::move(response.headers);
}

}  // namespace

bool HasAlready(const http::HttpRequest& request, absl::string_view etag) {
  const std::string* known = request.headers.Find("If-None-Match");
  return known != nullptr && request.is_read() && EtagMatches(*known, etag);
}

StoredResponse::StoredResponse(http::HttpResponse response)
    : headers_(HeadersOf(response)),
      text_(std::make_shared<const std::string>(std::move(response.body))) {}

StoredResponse::StoredResponse(http::HttpResponse response,
                               const std::vector<std::string>& placeholders)
    : headers_(HeadersOf(response)), parts_(std::in_place, response.body, placeholders) {}

http::HttpResponse StoredResponse::Answer(const http::HttpRequest& request,
                                          const std::vector<std::string>& values) const {
  http::HttpResponse response;
  response.headers = headers_;
  if (parts_.has_value()) {
    if (http::AcceptsGzip(request.headers)) response.body = parts_->GzipWith(values);
    if (response.body.empty()) {
      response.body = parts_->With(values);
    } else {
      http::DeclareGzip(response.headers);
    }
    return response;
  }
  const std::string* etag = headers_.Find("ETag");
  if (etag != nullptr && HasAlready(request, *etag)) {
    response.status = 304;
    return response;
  }
  response.shared_body = text_;
  if (!http::AcceptsGzip(request.headers)) return response;
  absl::call_once(compressed_, [this] {
    std::string gzip = http::Gzip(*text_, http::kStoredGzipLevel);
    gzip.shrink_to_fit();
    gzip_ = std::make_shared<const std::string>(std::move(gzip));
  });
  if (gzip_->empty() || gzip_->size() >= text_->size()) return response;
  response.shared_body = gzip_;
  http::DeclareGzip(response.headers);
  return response;
}

StoredResponsePtr StoreText(std::string text, const std::string& content_type,
                            const std::string& cache_control) {
  http::HttpResponse response;
  response.headers.Set("Content-Type", content_type);
  response.headers.Set("Cache-Control", cache_control);
  response.headers.Set("ETag", absl::StrCat("W/\"", Hex(Sha256(text)).substr(0, 32), "\""));
  response.body = std::move(text);
  return std::make_shared<const StoredResponse>(std::move(response));
}

}  // namespace rostrum::gateway
