#pragma once

#include <string>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/strings/string_view.h"
#include "gateway/http/gzip.h"

namespace rostrum::gateway {

// A text in which a few places are different for each reader. What stands between them is
// compressed once. Thread-safe.
class PlaceholderText {
 public:
  // Each of `placeholders`, which occur nowhere else, stands for the value with its index.
  PlaceholderText(absl::string_view text, const std::vector<std::string>& placeholders);

  // There has to be a value for each placeholder, also for one that does not occur.
  std::string With(const std::vector<std::string>& values) const;
  // The same as one gzip member. Empty if zlib fails for lack of memory.
  std::string GzipWith(const std::vector<std::string>& values) const;
  // Without the values.
  size_t size() const { return size_; }

 private:
  static constexpr size_t kNoValue = -1;
  struct Piece {
    std::string text;
    size_t value = kNoValue;  // the index of the one that follows
  };

  std::vector<Piece> pieces_;
  size_t size_ = 0;  // of all pieces
  mutable absl::once_flag compressed_;
  mutable std::vector<http::GzipPiece> gzip_;  // made when first asked for
};

}  // namespace rostrum::gateway
