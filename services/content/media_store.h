#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/postgres/pool.h"
#include "services/content/media.h"

namespace rostrum::content {

struct MediaBytes {
  std::string content_type;
  std::string bytes;
};

// Stores pictures. Thread-safe. All methods may return UNAVAILABLE when the
// database cannot be reached.
class MediaStore {
 public:
  virtual ~MediaStore() = default;
  // Stores a picture; storing the same one again changes nothing.
  virtual absl::Status Put(const EncodedPicture& picture, const AccountId& account_id,
                           absl::Time now) = 0;
  // The widest variant that is not wider than `width`, or the narrowest; with 0
  // the widest. NOT_FOUND / MEDIA_NOT_FOUND.
  virtual absl::StatusOr<MediaBytes> Get(const MediaId& id, int width) = 0;
};

class PostgresMediaStore final : public MediaStore {
 public:
  explicit PostgresMediaStore(PgPool& pool) : pool_(pool) {}
  absl::Status Put(const EncodedPicture& picture, const AccountId& account_id,
                   absl::Time now) override;
  absl::StatusOr<MediaBytes> Get(const MediaId& id, int width) override;

 private:
  PgPool& pool_;
};

}  // namespace rostrum::content
