#include "services/content/media_store.h"

#include "services/common/base/status.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/transaction.h"

namespace rostrum::content {
namespace {

constexpr char kInsertMedia[] = R"sql(
  INSERT INTO media (media_id, width, height, content_type, account_id, create_time)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING)sql";

constexpr char kInsertVariant[] =
    "INSERT INTO media_variants (media_id, width, bytes) VALUES ($1, $2, $3)";

// $2 is the largest width that fits, 0 for any. Returns the widest variant that fits, or the
// narrowest if none does.
constexpr char kGet[] = R"sql(
  SELECT m.content_type, v.bytes
  FROM media m JOIN media_variants v USING (media_id)
  WHERE m.media_id = $1
  ORDER BY ($2 = 0 OR v.width <= $2) DESC,
           CASE WHEN $2 = 0 OR v.width <= $2 THEN -v.width ELSE v.width END
  LIMIT 1)sql";

}  // namespace

absl::Status PostgresMediaStore::Put(const EncodedPicture& picture, const AccountId& account_id,
                                     absl::Time now) {
  const Media& media = picture.media;
  return RunTx(pool_, [&](Transaction& tx) -> absl::Status {
    const pqxx::result inserted = tx.Exec(kInsertMedia, media.id.value(), media.width, media.height,
                                          media.content_type, account_id.value(), SqlTime(now));
    if (inserted.affected_rows() == 0) return absl::OkStatus();
    for (const MediaVariant& variant : picture.variants) {
      tx.Exec(kInsertVariant, media.id.value(), variant.width, SqlBytes(variant.bytes));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<MediaBytes> PostgresMediaStore::Get(const MediaId& id, int width) {
  return RunQuery<MediaBytes>(pool_, [&](Transaction& tx) -> absl::StatusOr<MediaBytes> {
    const pqxx::result rows = tx.Exec(kGet, id.value(), width);
    if (rows.empty()) {
      return Error(absl::StatusCode::kNotFound, "MEDIA_NOT_FOUND", "there is no such picture");
    }
    return MediaBytes{ReadText(rows[0][0]), ReadBytes(rows[0][1])};
  });
}

}  // namespace rostrum::content
