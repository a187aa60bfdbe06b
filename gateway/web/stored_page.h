#pragma once

#include <memory>
#include <string>

#include "absl/base/call_once.h"
#include "gateway/http/message.h"

namespace rostrum::gateway {

// A rendered page that can be sent many times. Thread-safe.
class StoredPage {
 public:
  explicit StoredPage(std::string text, std::string content_type = "text/html; charset=utf-8",
                      std::string cache_control = "private, no-cache");

  // 200, or 304 if the client has the same page already.
  http::HttpResponse Answer(const http::HttpRequest& request) const;
  // The memory that it takes at most.
  size_t bytes() const { return 2 * text_->size(); }

 private:
  const std::shared_ptr<const std::string> text_;
  const std::string content_type_;
  const std::string cache_control_;
  const std::string etag_;
  mutable absl::once_flag compressed_;
  mutable std::shared_ptr<const std::string> gzip_;  // made when first asked for
};

}  // namespace rostrum::gateway
