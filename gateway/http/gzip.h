#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace rostrum::http {

// The level for what is compressed once and sent many times.
constexpr int kStoredGzipLevel = 6;

// `text` as one gzip member (RFC 1952); empty if zlib fails for lack of memory.
std::string Gzip(absl::string_view text, int level);

// A part of a text, compressed without regard to what stands before it, so that it can stand in
// any gzip member.
struct GzipPiece {
  std::string deflated;  // whole blocks of DEFLATE (RFC 1951), none of them the last
  uint32_t crc = 0;      // of the text
  size_t size = 0;       // of the text
};

// Nothing is `deflated` if zlib fails for lack of memory.
GzipPiece Deflate(absl::string_view text, int level);

// Puts pieces together to one gzip member. That costs a fraction of compressing the
// whole, so a text that is mostly the same for all can be compressed before it is known what the
// rest will be.
class GzipMember {
 public:
  GzipMember();
  void Append(const GzipPiece& piece);
  // Text as it is, in blocks that are not compressed.
  void AppendStored(absl::string_view text);
  // Ends the member. Nothing can be appended any more.
  std::string Finish() &&;

 private:
  void Count(uint32_t crc, size_t size);

  std::string out_;
  uint32_t crc_ = 0;
  size_t size_ = 0;
};

}  // namespace rostrum::http
