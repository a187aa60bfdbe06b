#include "services/content/media.h"

#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"

namespace rostrum::content {
namespace {

constexpr std::array<int, 4> kWidths = {320, 640, 1280, 1920};
constexpr int kQuality = 80;
constexpr char kContentType[] = "image/webp";
constexpr int kMaxHeight = 16'383;  // the limit of WebP

struct ImageDeleter {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, ImageDeleter>;

absl::Status TooManyPixels(const std::string& field, absl::string_view what) {
  return InvalidField(field, "TOO_MANY_PIXELS", what);
}

absl::Status NotAPicture(const std::string& field) {
  vips_error_clear();
  return InvalidField(field, "NOT_A_PICTURE", "must be a JPEG, PNG, WebP or GIF picture");
}

// By the first bytes: libvips would also open formats that we do not take.
bool LooksLikeAPicture(const std::string& bytes) {
  const absl::string_view text = bytes;
  return absl::StartsWith(text, "\xFF\xD8\xFF") || absl::StartsWith(text, "\x89PNG\r\n\x1A\n") ||
         absl::StartsWith(text, "GIF87a") || absl::StartsWith(text, "GIF89a") ||
         (absl::StartsWith(text, "RIFF") &&
          text.substr(std::min<size_t>(8, text.size()), 4) == "WEBP");
}

// Removes what a camera wrote about place, time and owner. The encoder's "strip" leaves EXIF in
// (libvips 8.14), so all metadata is removed here; the encoder then writes an EXIF block of its
// own with the size.
void DropMetadata(VipsImage* image) {
  gchar** fields = vips_image_get_fields(image);
  for (gchar** field = fields; *field != nullptr; ++field) {
    const absl::string_view name = *field;
    if (absl::StartsWith(name, "exif-") || absl::EndsWith(name, "-data") ||
        absl::EndsWith(name, "-comment") || absl::StartsWith(name, "jpeg-") ||
        absl::StartsWith(name, "png-") || absl::StartsWith(name, "gif-")) {
      vips_image_remove(image, *field);
    }
  }
  g_strfreev(fields);
}

// Decoded once, no wider than the widest variant, without metadata, in memory.
absl::StatusOr<Image> Decode(const std::string& bytes, const std::string& field) {
  VipsImage* next = nullptr;
  if (vips_thumbnail_buffer(const_cast<char*>(bytes.data()), bytes.size(), &next, kWidths.back(),
                            "height", VIPS_MAX_COORD, "size", VIPS_SIZE_DOWN, "export_profile",
                            "srgb", nullptr) != 0) {
    return NotAPicture(field);
  }
  const Image scaled(next);
  next = vips_image_copy_memory(scaled.get());
  if (next == nullptr) return NotAPicture(field);
  Image decoded(next);
  DropMetadata(decoded.get());
  return decoded;
}

absl::StatusOr<MediaVariant> EncodeVariant(const Image& picture, int width,
                                           const std::string& field) {
  VipsImage* next = nullptr;
  if (vips_thumbnail_image(picture.get(), &next, width, "height", VIPS_MAX_COORD, "size",
                           VIPS_SIZE_DOWN, nullptr) != 0) {
    return NotAPicture(field);
  }
  const Image scaled(next);
  void* data = nullptr;
  size_t size = 0;
  if (vips_webpsave_buffer(scaled.get(), &data, &size, "Q", kQuality, "strip", TRUE, nullptr) !=
      0) {
    return NotAPicture(field);
  }
  MediaVariant variant{vips_image_get_width(scaled.get()),
                       std::string(static_cast<const char*>(data), size)};
  g_free(data);
  return variant;
}

// A UUID (version 8, RFC 9562) from a hash.
std::string UuidOfHash(const std::string& hash) {
  std::string bytes = hash.substr(0, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x80);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = Hex(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

}  // namespace

void InitPictures() {
  if (VIPS_INIT("rostrum") != 0) {
    LogError("libvips cannot be used", {{"why", vips_error_buffer()}});
    std::abort();
  }
  // Disables decoders that libvips calls untrusted (they were not fuzzed) and its cache.
  vips_block_untrusted_set(TRUE);
  vips_cache_set_max(0);
  vips_concurrency_set(1);
}

absl::StatusOr<EncodedPicture> EncodePicture(const std::string& bytes, const std::string& field) {
  if (bytes.size() > kMaxPictureBytes) {
    return InvalidField(field, "TOO_LARGE", "must have at most 10 MiB");
  }
  if (!LooksLikeAPicture(bytes)) return NotAPicture(field);
  const Image header(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", "access",
                                                VIPS_ACCESS_SEQUENTIAL, nullptr));
  if (header == nullptr) return NotAPicture(field);
  const int64_t pixels = static_cast<int64_t>(vips_image_get_width(header.get())) *
                         vips_image_get_height(header.get());
  if (pixels > kMaxPixels) return TooManyPixels(field, "must have at most 40 megapixels");
  if (pixels * static_cast<int64_t>(VIPS_IMAGE_SIZEOF_PEL(header.get())) > kMaxDecodedBytes) {
    return TooManyPixels(field, "must have at most 20 megapixels of 16 bits a colour");
  }

  ASSIGN_OR_RETURN(const Image decoded, Decode(bytes, field));
  const int width = vips_image_get_width(decoded.get());
  const int height = vips_image_get_height(decoded.get());
  if (height > kMaxHeight) return TooManyPixels(field, "is too high for its width");
  EncodedPicture picture;
  for (const int narrower : kWidths) {
    if (narrower >= width) break;
    ASSIGN_OR_RETURN(MediaVariant variant, EncodeVariant(decoded, narrower, field));
    picture.variants.push_back(std::move(variant));
  }
  ASSIGN_OR_RETURN(MediaVariant largest, EncodeVariant(decoded, width, field));
  picture.media = {.id = MediaId(UuidOfHash(Sha256(largest.bytes))),
                   .width = width,
                   .height = height,
                   .content_type = kContentType};
  picture.variants.push_back(std::move(largest));
  for (const MediaVariant& variant : picture.variants) {
    picture.media.variant_widths.push_back(variant.width);
  }
  return picture;
}

}  // namespace rostrum::content
