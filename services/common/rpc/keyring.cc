#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "nlohmann/json.hpp"
#include "services/common/base/crypto.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/identity.h"

namespace rostrum {
namespace {

constexpr absl::Duration kLookEvery = absl::Seconds(5);
constexpr int64_t kMaxFileBytes = 1 << 20;
constexpr size_t kPublicKeyBytes = 32;

std::string StringAt(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

absl::StatusOr<Keyring> Keyring::Parse(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("keys") || !json["keys"].is_array()) {
    return absl::InvalidArgumentError("keyring: not a JSON object with \"keys\"");
  }
  std::map<std::string, Key> keys;
  for (const nlohmann::json& entry : json["keys"]) {
    const std::string kid = StringAt(entry, "kid");
    const std::string issuer = StringAt(entry, "issuer");
    absl::StatusOr<std::string> key = Base64UrlDecode(StringAt(entry, "public_key"));
    if (kid.empty() || issuer.empty() || !key.ok() || key->size() != kPublicKeyBytes) {
      return absl::InvalidArgumentError("keyring: a key without kid, issuer or public_key");
    }
    if (!keys.emplace(kid, Key{issuer, *std::move(key)}).second) {
      return absl::InvalidArgumentError("keyring: a kid stands twice");
    }
  }
  if (keys.empty()) return absl::InvalidArgumentError("keyring: no keys");
  return Keyring(std::move(keys));
}

const Keyring::Key* Keyring::Find(const std::string& kid) const {
  const auto it = keys_.find(kid);
  return it != keys_.end() ? &it->second : nullptr;
}

KeyringFile::KeyringFile(Keyring keyring)
    : keyring_(std::make_shared<const Keyring>(std::move(keyring))) {}

KeyringFile::KeyringFile(std::string path, Clock& clock) : path_(std::move(path)), clock_(&clock) {}

absl::StatusOr<std::unique_ptr<KeyringFile>> KeyringFile::Open(std::string path, Clock& clock) {
  std::unique_ptr<KeyringFile> file(new KeyringFile(std::move(path), clock));
  absl::MutexLock lock(&file->mu_);
  RETURN_IF_ERROR(file->Load());
  return file;
}

std::shared_ptr<const Keyring> KeyringFile::Get() {
  absl::MutexLock lock(&mu_);
  if (clock_ == nullptr) return keyring_;
  if (const absl::Time now = clock_->Now(); now < looked_at_ || now - looked_at_ >= kLookEvery) {
    if (const absl::Status status = Load(); !status.ok()) {
      LogError("keyring not read, the former one stays in force",
               {{"path", path_}, {"error", status.ToString()}});
    }
  }
  return keyring_;
}

absl::Status KeyringFile::Load() {
  looked_at_ = clock_->Now();
  struct stat info;
  if (stat(path_.c_str(), &info) != 0) return absl::NotFoundError("cannot find " + path_);
  // The inode is included, because a replaced file may have the same modification time within
  // the resolution of the file system.
  const int64_t modified = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec +
                           static_cast<int64_t>(info.st_ino) * 31 + info.st_size;
  if (keyring_ != nullptr && modified == modified_) return absl::OkStatus();
  if (info.st_size > kMaxFileBytes) return absl::InvalidArgumentError(path_ + " is too large");
  std::ifstream in(path_, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  if (!in) return absl::NotFoundError("cannot read " + path_);
  ASSIGN_OR_RETURN(Keyring keyring, Keyring::Parse(content.str()));
  keyring_ = std::make_shared<const Keyring>(std::move(keyring));
  modified_ = modified;
  return absl::OkStatus();
}

}  // namespace rostrum
