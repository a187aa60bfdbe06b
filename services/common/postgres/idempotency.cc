#include "services/common/postgres/idempotency.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"
#include "services/common/postgres/fields.h"
#include "services/common/postgres/purge.h"

namespace rostrum {
namespace {

constexpr size_t kMaxRequestId = 128;
constexpr absl::Duration kKeep = absl::Hours(24);

// Always in the same order, so that two such statements cannot deadlock.
constexpr char kClaimAll[] = R"sql(
  INSERT INTO idempotency (caller, method, request_id, request_hash, create_time, result_id)
  SELECT caller, method, request_id, request_hash, create_time, result_id
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[], $6::text[])
    AS c (caller, method, request_id, request_hash, create_time, result_id)
  ORDER BY caller, method, request_id ON CONFLICT DO NOTHING RETURNING result_id)sql";

constexpr char kFindAll[] = R"sql(
  SELECT k.place, i.request_hash, i.result_id
  FROM unnest($1::text[], $2::text[], $3::text[])
    WITH ORDINALITY AS k (caller, method, request_id, place)
  JOIN idempotency i USING (caller, method, request_id))sql";

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
                                                               const IdempotencyKey& key,
                                                               const std::string& result_id) {
  if (ClaimIdempotencyKeys(tx, {{key, result_id}}).contains(result_id)) return std::nullopt;
  return FindIdempotentResult(tx, key);
}

absl::StatusOr<std::optional<std::string>> FindIdempotentResult(Transaction& tx,
                                                                const IdempotencyKey& key) {
  return FindIdempotentResults(tx, {key}).front();
}

std::vector<absl::StatusOr<std::optional<std::string>>> FindIdempotentResults(
    Transaction& tx, const std::vector<IdempotencyKey>& keys) {
  std::vector<absl::StatusOr<std::optional<std::string>>> results(keys.size(), std::nullopt);
  std::vector<std::string> callers, methods, request_ids;
  std::vector<size_t> places;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].request_id.empty()) continue;
    callers.push_back(keys[i].caller);
    methods.push_back(keys[i].method);
    request_ids.push_back(keys[i].request_id);
    places.push_back(i);
  }
  if (places.empty()) return results;
  for (const pqxx::row& row :
       tx.Exec(kFindAll, SqlArray(callers), SqlArray(methods), SqlArray(request_ids))) {
    const size_t i = places[row[0].as<size_t>() - 1];
    if (ReadBytes(row[1]) == keys[i].request_hash) {
      results[i] = ReadText(row[2]);
    } else {
      results[i] = InvalidField("request_id", "REQUEST_ID_REUSED", "was used for another request");
    }
  }
  return results;
}

std::set<std::string> ClaimIdempotencyKeys(Transaction& tx,
                                           const std::vector<IdempotencyClaim>& claims) {
  std::set<std::string> fresh;
  std::vector<std::string> callers, methods, request_ids, hashes, times, results;
  for (const auto& [key, result_id] : claims) {
    if (key.request_id.empty()) {
      fresh.insert(result_id);
      continue;
    }
    callers.push_back(key.caller);
    methods.push_back(key.method);
    request_ids.push_back(key.request_id);
    hashes.push_back(key.request_hash);
    times.push_back(SqlTime(key.now));
    results.push_back(result_id);
  }
  if (results.empty()) return fresh;
  // Waits for transactions that have claimed some of the keys and not ended yet.
  for (const pqxx::row& row :
       tx.Exec(kClaimAll, SqlArray(callers), SqlArray(methods), SqlArray(request_ids),
               SqlBytesArray(hashes), SqlArray(times), SqlArray(results))) {
    fresh.insert(ReadText(row[0]));
  }
  return fresh;
}

absl::Status PurgeIdempotencyKeys(PgPool& pool, absl::Time now) {
  return Purge(pool, "idempotency", "create_time", now - kKeep);
}

}  // namespace rostrum
