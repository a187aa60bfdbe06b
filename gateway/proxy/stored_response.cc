#include "gateway/proxy/stored_response.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/http/compression.h"
#include "gateway/transcoding/header_binding.h"
#include "services/common/base/crypto.h"

namespace rostrum::gateway {
namespace {

// Higher than for other answers: a stored one is compressed once and sent many times.
constexpr int kGzipLevel = 6;

}  // namespace

bool HasAlready(const http::HttpRequest& request, absl::string_view etag) {
  const std::string* known = request.headers.Find("If-None-Match");
  return known != nullptr && request.is_read() && EtagMatches(*known, etag);
}

StoredResponse::StoredResponse(http::HttpResponse response)
    : headers_([&response] {
        http::AddVaryByEncoding(response.headers);
        return std::move(response.headers);
      }()),
      text_(std::make_shared<const std::string>(std::move(response.body))) {}

http::HttpResponse StoredResponse::Answer(const http::HttpRequest& request) const {
  http::HttpResponse response;
  response.headers = headers_;
  const std::string* etag = headers_.Find("ETag");
  if (etag != nullptr && HasAlready(request, *etag)) {
    response.status = 304;
    return response;
  }
  response.shared_body = text_;
  if (!http::AcceptsGzip(request.headers)) return response;
  absl::call_once(compressed_, [this] {
    gzip_ = std::make_shared<const std::string>(http::Gzip(*text_, kGzipLevel));
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
