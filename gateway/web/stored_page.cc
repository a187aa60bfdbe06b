#include "gateway/web/stored_page.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/http/compression.h"
#include "gateway/transcoding/header_binding.h"
#include "services/common/base/crypto.h"

namespace rostrum::gateway {
namespace {

// Pages that are sent many times are worth more work than others.
constexpr int kGzipLevel = 6;

}  // namespace

StoredPage::StoredPage(std::string html)
    : html_(std::make_shared<const std::string>(std::move(html))),
      etag_(absl::StrCat("W/\"", Hex(Sha256(*html_)).substr(0, 32), "\"")) {}

http::HttpResponse StoredPage::Answer(const http::HttpRequest& request) const {
  http::HttpResponse response;
  response.headers.Set("Content-Type", "text/html; charset=utf-8");
  response.headers.Set("Cache-Control", "private, no-cache");
  response.headers.Set("ETag", etag_);
  const std::string* known = request.headers.Find("If-None-Match");
  if (known != nullptr && EtagMatches(*known, etag_)) {
    response.status = 304;
    return response;
  }
  response.shared_body = html_;
  if (!http::AcceptsGzip(request.headers)) return response;
  absl::call_once(compressed_, [this] {
    gzip_ = std::make_shared<const std::string>(http::Gzip(*html_, kGzipLevel));
  });
  if (gzip_->empty() || gzip_->size() >= html_->size()) return response;
  response.shared_body = gzip_;
  response.headers.Set("Content-Encoding", "gzip");
  response.headers.Set("Vary", "Accept-Encoding");
  return response;
}

}  // namespace rostrum::gateway
