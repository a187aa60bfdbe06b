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

// A request that may be repeated (AIP-155): the same caller, method and request
// id. An empty request id means that the client did not ask for it.
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

// Claims the key inside the effect's own transaction. A fresh key returns
// nullopt: do the effect, then call RecordIdempotentResult. A known one returns
// the id of what the first call made: load and return that. The same id with
// another request is INVALID_ARGUMENT, reason REQUEST_ID_REUSED. Waits for a
// transaction that holds the same key.
absl::StatusOr<std::optional<std::string>> ClaimIdempotencyKey(Transaction& tx,
                                                               const IdempotencyKey& key);
// What the first call with this key made, or nullopt. Errors as above.
absl::StatusOr<std::optional<std::string>> FindIdempotentResult(Transaction& tx,
                                                                const IdempotencyKey& key);
void RecordIdempotentResult(Transaction& tx, const IdempotencyKey& key,
                            const std::string& result_id);

// The same for several at once, with the ids of what they will have made:
// returns those whose keys are fresh (or empty), whose effect is to be done now.
// What the others made is for FindIdempotentResults to say.
struct IdempotencyClaim {
  IdempotencyKey key;
  std::string result_id;
};
std::set<std::string> ClaimIdempotencyKeys(Transaction& tx,
                                           const std::vector<IdempotencyClaim>& claims);
// In the order of the keys.
std::vector<absl::StatusOr<std::optional<std::string>>> FindIdempotentResults(
    Transaction& tx, const std::vector<IdempotencyKey>& keys);

// Deletes keys older than 24 hours, in transactions of its own. Of a long pause it leaves
// some for the next time.
absl::Status PurgeIdempotencyKeys(PgPool& pool, absl::Time now);

}  // namespace rostrum
