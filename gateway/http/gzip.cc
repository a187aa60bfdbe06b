#include "gateway/http/gzip.h"

#include <zlib.h>

namespace rostrum::http {
namespace {

const Bytef* Bytes(absl::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

uint32_t Crc(absl::string_view text) {
  return static_cast<uint32_t>(crc32(0, Bytes(text), static_cast<uInt>(text.size())));
}

// `window` and `flush` are zlib's. Empty if zlib fails for lack of memory.
std::string Compress(absl::string_view text, int level, int window, int flush) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "";
  constexpr size_t kFlush = 16;  // more than a flush adds
  std::string out(deflateBound(&stream, text.size()) + kFlush, '\0');
  stream.next_in = const_cast<Bytef*>(Bytes(text));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, flush);
  const int success = flush == Z_FINISH ? Z_STREAM_END : Z_OK;
  const bool whole = result == success && stream.avail_in == 0 && stream.avail_out > 0;
  out.resize(whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

// Numbers in gzip have their low bytes first.
void AppendNumber(std::string& out, uint32_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

}  // namespace

std::string Gzip(absl::string_view text, int level) {
  constexpr int kGzipWindow = 15 + 16;
  return Compress(text, level, kGzipWindow, Z_FINISH);
}

GzipPiece Deflate(absl::string_view text, int level) {
  constexpr int kRawWindow = -15;
  // The flush ends at a byte, so that something can follow.
  GzipPiece piece{Compress(text, level, kRawWindow, Z_SYNC_FLUSH), Crc(text), text.size()};
  piece.deflated.shrink_to_fit();  // pieces are kept
  return piece;
}

// Deflated, no flags, no time, no hint of the level, made on Unix.
GzipMember::GzipMember() : out_("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10) {}

void GzipMember::Append(const GzipPiece& piece) {
  out_ += piece.deflated;
  Count(piece.crc, piece.size);
}

void GzipMember::AppendStored(absl::string_view text) {
  constexpr size_t kMostInBlock = 0xffff;
  for (size_t at = 0; at < text.size(); at += kMostInBlock) {
    const absl::string_view block = text.substr(at, kMostInBlock);
    const auto size = static_cast<uint32_t>(block.size());
    out_.push_back(0);  // a stored block, not the last
    AppendNumber(out_, size, 2);
    AppendNumber(out_, ~size, 2);
    out_.append(block.data(), block.size());
  }
  Count(Crc(text), text.size());
}

void GzipMember::Count(uint32_t crc, size_t size) {
  crc_ = static_cast<uint32_t>(crc32_combine(crc_, crc, static_cast<z_off_t>(size)));
  size_ += size;
}

std::string GzipMember::Finish() && {
  out_.append("\x03\x00", 2);  // the last block, which is empty
  AppendNumber(out_, crc_, 4);
  AppendNumber(out_, static_cast<uint32_t>(size_), 4);
  return std::move(out_);
}

}  // namespace rostrum::http
