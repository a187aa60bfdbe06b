#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/paseto.h"

namespace rostrum {

// Identity tokens: signed statements of who calls, valid for 60 seconds at one audience (a
// service).
//
// Each binary signs with its own key. The key of `account` may speak for people and for the
// service account; every other key may speak for its own service only. So an outage of
// account does not keep services from proving who they are, and a stolen key of another
// service cannot impersonate a person.

// How long a token is good for.
inline constexpr absl::Duration kIdentityLifetime = absl::Seconds(60);

// The public keys, by key id. An issuer may have two keys at a time, so that keys can be
// rotated. Immutable.
class Keyring {
 public:
  struct Key {
    std::string issuer;  // "account", "content", ..., "gateway"
    std::string public_key;
  };
  Keyring() = default;
  explicit Keyring(std::map<std::string, Key> keys) : keys_(std::move(keys)) {}
  // Parses {"keys":[{"kid":"..","issuer":"..","public_key":"<base64url>"}]}.
  static absl::StatusOr<Keyring> Parse(const std::string& json);

  const Key* Find(const std::string& kid) const;

 private:
  std::map<std::string, Key> keys_;
};

// A keyring in a file. The file is checked at most every 5 seconds and read again if it has
// changed, so keys are rotated without a restart. If it cannot be parsed, that is logged
// and the old keys stay in use. Thread-safe.
class KeyringFile {
 public:
  static absl::StatusOr<std::unique_ptr<KeyringFile>> Open(std::string path, Clock& clock);
  // A fixed keyring (tests).
  explicit KeyringFile(Keyring keyring);
  std::shared_ptr<const Keyring> Get();

 private:
  KeyringFile(std::string path, Clock& clock);
  absl::Status Load();
  const std::string path_;
  Clock* clock_ = nullptr;
  absl::Mutex mu_;
  std::shared_ptr<const Keyring> keyring_ ABSL_GUARDED_BY(mu_);
  absl::Time looked_at_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  int64_t modified_ ABSL_GUARDED_BY(mu_) = 0;
};

// Signs identity tokens with this binary's key. Thread-safe.
class IdentitySigner {
 public:
  // `key_json`: {"kid":"..","issuer":"..","seed":"<base64url of 32 bytes>"}.
  static absl::StatusOr<IdentitySigner> Parse(const std::string& key_json, Clock& clock);
  IdentitySigner(std::string kid, std::string issuer, Ed25519KeyPair key, Clock& clock);

  const std::string& issuer() const { return issuer_; }
  Clock& clock() const { return *clock_; }
  // A token that states `caller` to `audience` (the name of a service).
  std::string Sign(const Caller& caller, const std::string& audience) const;
  // A token for this service itself.
  std::string SignSelf(const std::string& audience) const;

 private:
  std::string kid_;
  std::string issuer_;
  Ed25519KeyPair key_;
  Clock* clock_;
};

// Verifies identity tokens addressed to one audience. Caches verified tokens until they
// expire (at most 4096). Thread-safe.
class IdentityVerifier {
 public:
  IdentityVerifier(std::string audience, KeyringFile& keyring, Clock& clock);
  // UNAUTHENTICATED, reason IDENTITY_INVALID or IDENTITY_EXPIRED.
  absl::StatusOr<Caller> Verify(const std::string& token);

 private:
  absl::StatusOr<Caller> VerifyUncached(const std::string& token, absl::Time* expires);

  struct Entry {
    Caller caller;
    absl::Time expires;
  };
  const std::string audience_;
  KeyringFile& keyring_;
  Clock& clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, Entry> verified_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum
