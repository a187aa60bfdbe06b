#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/call_once.h"
#include "absl/strings/string_view.h"
#include "gateway/http/message.h"

namespace rostrum::gateway {

// Whether a read says that its client has what has this entity tag already (If-None-Match).
bool HasAlready(const http::HttpRequest& request, absl::string_view etag);

// A response that can be sent many times. Thread-safe.
class StoredResponse {
 public:
  // A 200 with a body of bytes.
  explicit StoredResponse(http::HttpResponse response);

  // The response, or 304 if it has an ETag and the client has the same already.
  http::HttpResponse Answer(const http::HttpRequest& request) const;
  // The memory that it takes at most.
  size_t bytes() const { return 2 * text_->size(); }

 private:
  const http::HttpHeaders headers_;
  const std::shared_ptr<const std::string> text_;
  mutable absl::once_flag compressed_;
  mutable std::shared_ptr<const std::string> gzip_;  // made when first asked for
};

using StoredResponsePtr = std::shared_ptr<const StoredResponse>;

// A response with an ETag that is made of its text.
StoredResponsePtr StoreText(std::string text,
                            const std::string& content_type = "text/html; charset=utf-8",
                            const std::string& cache_control = "private, no-cache");

}  // namespace rostrum::gateway
