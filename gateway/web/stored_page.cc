#include "gateway/web/stored_page.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/http/compression.h"
#include "gateway/transcoding/header_binding.h"
#include "services/common/base/crypto.h"

namespace rostrum::gateway {
namespace {

// Higher than for other answers: a stored page is compressed once and sent many times.
constexpr int kGzipLevel = 6;

}  // namespace

StoredPage::StoredPage(std::string text, std::string content_type, std::string cache_control)
    : text_(std::make_shared<const std::string>(std::move(text))),
      content_type_(std::move(content_type)),
      cache_control_(std::move(cache_control)),
      etag_(absl::StrCat("W/\"", Hex(Sha256(*text_)).substr(0, 32), "\"")) {}

http::HttpResponse StoredPage::Answer(const http::HttpRequest& request) const {
  http::HttpResponse response;
  response.headers.Set("Content-Type", content_type_);
  response.headers.Set("Cache-Control", cache_control_);
  response.headers.Set("ETag", etag_);
  const std::string* known = request.headers.Find("If-None-Match");
  if (known != nullptr && EtagMatches(*known, etag_)) {
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
  response.headers.Set("Content-Encoding", "gzip");
  response.headers.Set("Vary", "Accept-Encoding");
  return response;
}

}  // namespace rostrum::gateway
