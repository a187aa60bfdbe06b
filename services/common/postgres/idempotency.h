#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/caller.h"

namespace rostrum {

// Identifies a request that the client may repeat (AIP-155): by caller, method and request
// id. An empty request id means that the client did not ask for idempotency.
struct IdempotencyKey {
  std::string caller;
  std::string method;
  std::string request_id;
  std::string request_hash;
  absl::Time now;
};

// The key of a request; its hash covers the whole message. INVALID_ARGUMENT if
// the request id is longer than 128 characters.
absl::StatusOr<IdempotencyKey> IdempotencyKeyFor(const Caller& caller, const char* method,
                                                 const std::string& request_id,
                                                 const google::protobuf::Message& request,
                                                 absl::Time now);

// Claims the key inside the transaction of the effect, for a request that will create
// `result_id`.
// - The key is new or empty: returns nullopt. Do the effect.
// - The key is known: returns the id of what the first request created. Load and return
//   that.
// - The same request id with another request: INVALID_ARGUMENT / REQUEST_ID_REUSED.
// Waits for a transaction that holds the same key.
absl::StatusOr<std::optional<std::string>> ClaimIdempotencyKey(Transaction& tx,
                                                               const IdempotencyKey& key,
                                                               const std::string& result_id);
// The id of what the first request with this key created, or nullopt. Errors as above.
absl::StatusOr<std::optional<std::string>> FindIdempotentResult(Transaction& tx,
                                                                const IdempotencyKey& key);

// ClaimIdempotencyKey for several requests at once. Returns the ids whose keys are new or empty: do
// their effects now. For the others, FindIdempotentResults returns what the earlier requests
// created.
struct IdempotencyClaim {
  IdempotencyKey key;
  std::string result_id;
};
std::set<std::string> ClaimIdempotencyKeys(Transaction& tx,
                                           const std::vector<IdempotencyClaim>& claims);
// In the order of the keys.
std::vector<absl::StatusOr<std::optional<std::string>>> FindIdempotentResults(
    Transaction& tx, const std::vector<IdempotencyKey>& keys);

// Deletes keys older than 24 hours, in transactions of its own. If very many are due, some
// are left for the next call.
absl::Status PurgeIdempotencyKeys(PgPool& pool, absl::Time now);

}  // namespace rostrum
