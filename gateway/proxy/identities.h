#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gateway/proxy/backends.h"
#include "services/common/base/clock.h"

namespace rostrum::gateway {

// The account that a credential belongs to, and the identity tokens that state this to each
// service.
struct Identity {
  std::string account_id;
  std::string session_id;  // empty with an access token
  std::string token_id;    // empty with a session
  std::string display_name;
  std::map<std::string, std::string> tokens;
  absl::Time expire_time;
};

// Turns credentials (session cookies, bearer tokens) into identities by asking account.
// Answers are cached until shortly before they expire, at most 60 seconds, and dropped at
// once when the credential is revoked (Drop*). Credentials are kept as hashes only.
// Thread-safe.
class Identities {
 public:
  Identities(Backends& backends, Clock& clock) : backends_(backends), clock_(clock) {}

  // UNAUTHENTICATED / CREDENTIAL_INVALID; UNAVAILABLE if account is unavailable. `metadata`
  // has request id and trace.
  asio::awaitable<absl::StatusOr<std::shared_ptr<const Identity>>> Resolve(std::string credential,
                                                                           CallMetadata metadata);

  // True if Resolve would not have to ask account.
  bool Has(const std::string& credential);
  void DropCredential(const std::string& credential);
  void DropSession(const std::string& session_id);
  void DropToken(const std::string& token_id);
  void DropAccount(const std::string& account_id);
  void DropAll();

 private:
  std::shared_ptr<const Identity> FindCached(const std::string& key);
  // Caches an answer, unless something was dropped since it was asked for (`generation`).
  void Keep(const std::string& key, std::shared_ptr<const Identity> identity, int64_t generation);
  template <class Matches>
  void DropIf(Matches matches);
  int64_t generation();

  static constexpr size_t kMaxCached = 50'000;
  Backends& backends_;
  Clock& clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, std::shared_ptr<const Identity>> cached_ ABSL_GUARDED_BY(mu_);
  // Grows with every drop.
  int64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace rostrum::gateway
