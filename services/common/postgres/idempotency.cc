#include "services/common/postgres/idempotency.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"
#include "services/common/postgres/fields.h"

namespace rostrum {
namespace {

constexpr size_t kMaxRequestId = 128;
constexpr absl::Duration kKeep = absl::Hours(24);

constexpr char kClaim[] = R"sql(
  INSERT INTO idempotency (caller, method, request_id, request_hash, create_time)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING)sql";

constexpr char kFind[] = R"sql(
  SELECT request_hash, result_id FROM idempotency
  WHERE caller = $1 AND method = $2 AND request_id = $3)sql";

constexpr char kRecord[] = R"sql(
  UPDATE idempotency SET result_id = $4
  WHERE caller = $1 AND method = $2 AND request_id = $3)sql";

std::string Deterministic(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

absl::StatusOr<IdempotencyKey> IdempotencyKeyFor(const Caller& caller, const char* method,
                                                 const std::string& request_id,
                                                 const google::protobuf::Message& request,
                                                 absl::Time now) {
  if (request_id.size() > kMaxRequestId || !IsCleanUtf8(request_id)) {
    return InvalidField("request_id", "INVALID_REQUEST_ID", "must be at most 128 characters");
  }
  return IdempotencyKey{.caller = caller.Key(),
                        .method = method,
                        .request_id = request_id,
                        .request_hash = Sha256(Deterministic(request)),
                        .now = now};
}

absl::StatusOr<std::optional<std::string>> ClaimIdempotencyKey(Transaction& tx,
                                                               const IdempotencyKey& key) {
  if (key.request_id.empty()) return std::nullopt;
  // Waits for a transaction that has claimed the key and not ended yet.
  const pqxx::result claimed = tx.Exec(kClaim, key.caller, key.method, key.request_id,
                                       SqlBytes(key.request_hash), SqlTime(key.now));
  if (claimed.affected_rows() > 0) return std::nullopt;
  return FindIdempotentResult(tx, key);
}

absl::StatusOr<std::optional<std::string>> FindIdempotentResult(Transaction& tx,
                                                                const IdempotencyKey& key) {
  if (key.request_id.empty()) return std::nullopt;
  const pqxx::result known = tx.Exec(kFind, key.caller, key.method, key.request_id);
  if (known.empty()) return std::nullopt;
  if (ReadBytes(known[0][0]) != key.request_hash) {
    return InvalidField("request_id", "REQUEST_ID_REUSED", "was used for another request");
  }
  return ReadText(known[0][1]);
}

void RecordIdempotentResult(Transaction& tx, const IdempotencyKey& key,
                            const std::string& result_id) {
  if (key.request_id.empty()) return;
  tx.Exec(kRecord, key.caller, key.method, key.request_id, result_id);
}

void PurgeIdempotencyKeys(Transaction& tx, absl::Time now) {
  tx.Exec("DELETE FROM idempotency WHERE create_time < $1", SqlTime(now - kKeep));
}

}  // namespace rostrum
