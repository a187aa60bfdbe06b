#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/common/base/ids.h"

namespace rostrum::content {

// A stored picture.
struct Media {
  MediaId id;
  int width = 0;  // in pixels, of the largest variant
  int height = 0;
  std::string content_type;
  std::vector<int> variant_widths;  // ascending
};

struct MediaVariant {
  int width = 0;
  std::string bytes;
};

// A picture after EncodePicture.
struct EncodedPicture {
  Media media;
  std::vector<MediaVariant> variants;  // ascending by width
};

inline constexpr size_t kMaxPictureBytes = 10 << 20;
inline constexpr int64_t kMaxPixels = 40'000'000;
// The size of a decoded picture in memory: kMaxPixels of four bytes, or half as many of
// eight.
inline constexpr int64_t kMaxDecodedBytes = 4 * kMaxPixels;

// Initialises libvips; ends the process if that fails. Called early in main.
void InitPictures();

// Decodes a JPEG, PNG, WebP or GIF (its first frame), rotates it as its metadata says,
// drops the metadata, and encodes it as WebP in several widths. The id is derived from the
// hash of the result. Thread-safe; takes up to 200 MiB and some seconds. INVALID_ARGUMENT
// naming `field`: TOO_LARGE, NOT_A_PICTURE, TOO_MANY_PIXELS.
absl::StatusOr<EncodedPicture> EncodePicture(const std::string& bytes, const std::string& field);

}  // namespace rostrum::content
