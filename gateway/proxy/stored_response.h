#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/strings/string_view.h"
#include "gateway/http/message.h"
#include "gateway/proxy/placeholder_text.h"

namespace rostrum::gateway {

// Whether a read says that its client has what has this entity tag already (If-None-Match).
bool HasAlready(const http::HttpRequest& request, absl::string_view etag);

// A response that can be sent many times. Thread-safe.
class StoredResponse {
 public:
  // A 200 with a body of bytes.
  explicit StoredResponse(http::HttpResponse response);
  // The body is different for each reader at the `placeholders`, so it must have no ETag.
  StoredResponse(http::HttpResponse response, const std::vector<std::string>& placeholders);

  // The response, or 304 if it has an ETag and the client has the same already. `values` stand
  // in place of the placeholders.
  http::HttpResponse Answer(const http::HttpRequest& request,
                            const std::vector<std::string>& values = {}) const;
  // The memory that it takes, with what it is compressed to: pages and JSON shrink to less than
  // half.
  size_t bytes() const { return (parts_.has_value() ? parts_->size() : text_->size()) * 3 / 2; }

 private:
  const http::HttpHeaders headers_;
  const std::shared_ptr<const std::string> text_;  // null if it has placeholders
  const std::optional<PlaceholderText> parts_;     // set if it has
  mutable absl::once_flag compressed_;
  mutable std::shared_ptr<const std::string> gzip_;  // made when first asked for
};

using StoredResponsePtr = std::shared_ptr<const StoredResponse>;

// A response with an ETag that is made of its text.
StoredResponsePtr StoreText(std::string text,
                            const std::string& content_type = "text/html; charset=utf-8",
                            const std::string& cache_control = "private, no-cache");

}  // namespace rostrum::gateway
