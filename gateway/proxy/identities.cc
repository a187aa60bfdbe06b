#include "gateway/proxy/identities.h"

#include <algorithm>
#include <utility>

#include "rostrum/account/v1/identity_service.pb.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/rpc/tries.h"

namespace rostrum::gateway {
namespace {

namespace pb = rostrum::account::v1;

constexpr char kResolve[] = "/rostrum.account.v1.IdentityService/ResolveCredential";
constexpr absl::Duration kTimeout = absl::Seconds(3);
// So that no token expires on its way, not even in the last try of a write.
constexpr absl::Duration kMargin = absl::Seconds(15);

std::shared_ptr<const Identity> FromProto(const pb::Identity& message) {
  auto identity = std::make_shared<Identity>();
  identity->account_id = message.account_id();
  identity->session_id = message.session_id();
  identity->token_id = message.token_id();
  identity->display_name = message.display_name();
  identity->tokens.insert(message.tokens().begin(), message.tokens().end());
  identity->expire_time = FromProtoTime(message.expire_time());
  return identity;
}

}  // namespace

asio::awaitable<absl::StatusOr<std::shared_ptr<const Identity>>> Identities::Resolve(
    std::string credential, CallMetadata metadata) {
  const std::string key = Sha256(credential);
  if (auto cached = FindCached(key)) co_return cached;

  const int64_t generation_before = generation();
  pb::ResolveCredentialRequest request;
  request.set_credential(std::move(credential));
  BackendCall call{.service = "account",
                   .method = kResolve,
                   .request = request.SerializeAsString(),
                   .metadata = std::move(metadata),
                   .timeout = kTimeout};
  const UnaryResult result = co_await backends_.Call(std::move(call));
  // Not DEADLINE_EXCEEDED: the request has time left, so the client may try again.
  if (IsLate(result.status)) co_return ServiceUnavailable("account");
  if (!result.status.ok()) co_return FromGrpcStatus(result.status);
  pb::Identity message;
  if (!message.ParseFromString(result.message)) {
    co_return absl::InternalError("account answered something that is no identity");
  }
  std::shared_ptr<const Identity> identity = FromProto(message);
  Keep(key, identity, generation_before);
  co_return identity;
}

bool Identities::Has(const std::string& credential) {
  return FindCached(Sha256(credential)) != nullptr;
}

std::shared_ptr<const Identity> Identities::FindCached(const std::string& key) {
  absl::MutexLock lock(&mu_);
  const auto found = cached_.find(key);
  if (found == cached_.end()) return nullptr;
  if (clock_.Now() + kMargin < found->second->expire_time) return found->second;
  cached_.erase(found);
  return nullptr;
}

int64_t Identities::generation() {
  absl::MutexLock lock(&mu_);
  return generation_;
}

void Identities::Keep(const std::string& key, std::shared_ptr<const Identity> identity,
                      int64_t generation) {
  absl::MutexLock lock(&mu_);
  // It may have been revoked while the answer was on its way.
  if (generation != generation_) return;
  if (cached_.size() >= kMaxCached) cached_.clear();
  cached_[key] = std::move(identity);
}

template <class Matches>
void Identities::DropIf(Matches matches) {
  absl::MutexLock lock(&mu_);
  ++generation_;
  absl::erase_if(cached_, [&](const auto& entry) { return matches(*entry.second); });
}

void Identities::DropCredential(const std::string& credential) {
  absl::MutexLock lock(&mu_);
  ++generation_;
  cached_.erase(Sha256(credential));
}
void Identities::DropSession(const std::string& session_id) {
  DropIf([&](const Identity& identity) { return identity.session_id == session_id; });
}
void Identities::DropToken(const std::string& token_id) {
  DropIf([&](const Identity& identity) { return identity.token_id == token_id; });
}
void Identities::DropAccount(const std::string& account_id) {
  DropIf([&](const Identity& identity) { return identity.account_id == account_id; });
}
void Identities::DropAll() {
  DropIf([](const Identity&) { return true; });
}

}  // namespace rostrum::gateway
