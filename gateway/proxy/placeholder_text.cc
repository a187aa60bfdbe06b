#include "gateway/proxy/placeholder_text.h"

#include <utility>

namespace rostrum::gateway {

PlaceholderText::PlaceholderText(absl::string_view text,
                                 const std::vector<std::string>& placeholders) {
  while (true) {
    Piece piece;
    size_t end = absl::string_view::npos;
    for (size_t i = 0; i < placeholders.size(); ++i) {
      const size_t at = text.find(placeholders[i]);
      if (at < end) {
        end = at;
        piece.value = i;
      }
    }
    piece.text = std::string(text.substr(0, end));
    size_ += piece.text.size();
    pieces_.push_back(std::move(piece));
    if (end == absl::string_view::npos) return;
    text.remove_prefix(end + placeholders[pieces_.back().value].size());
  }
}

std::string PlaceholderText::With(const std::vector<std::string>& values) const {
  size_t size = size_;
  for (const Piece& piece : pieces_) {
    if (piece.value != kNoValue) size += values[piece.value].size();
  }
  std::string text;
  text.reserve(size);
  for (const Piece& piece : pieces_) {
    text += piece.text;
    if (piece.value != kNoValue) text += values[piece.value];
  }
  return text;
}

std::string PlaceholderText::GzipWith(const std::vector<std::string>& values) const {
  absl::call_once(compressed_, [this] {
    for (const Piece& piece : pieces_)
      gzip_.push_back(http::Deflate(piece.text, http::kStoredGzipLevel));
  });
  http::GzipMember member;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (gzip_[i].deflated.empty()) return "";
    member.Append(gzip_[i]);
    if (pieces_[i].value != kNoValue) member.AppendStored(values[pieces_[i].value]);
  }
  return std::move(member).Finish();
}

}  // namespace rostrum::gateway
