#pragma once

#include <memory>
#include <string>

#include "absl/base/call_once.h"
#include "gateway/http/message.h"

namespace rostrum::gateway {

// A page that was rendered, to be sent as often as it is right. Thread-safe.
class StoredPage {
 public:
  explicit StoredPage(std::string html);

  // 200, or 304 for who has it already.
  http::HttpResponse Answer(const http::HttpRequest& request) const;
  // In memory, at the most.
  size_t bytes() const { return 2 * html_->size(); }

 private:
  const std::shared_ptr<const std::string> html_;
  const std::string etag_;
  mutable absl::once_flag compressed_;
  mutable std::shared_ptr<const std::string> gzip_;  // made when first asked for
};

}  // namespace rostrum::gateway
