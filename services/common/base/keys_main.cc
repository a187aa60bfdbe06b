// rostrum-keys: makes and rotates the keys that services sign identities with.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "services/common/base/clock.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/paseto.h"

namespace rostrum {
namespace {

using nlohmann::json;

constexpr const char* kIssuers[] = {"account", "subscription", "content",
                                    "feed",    "comment",      "gateway"};
constexpr size_t kSeedBytes = 32;
constexpr int kKeysOfAnIssuer = 2;

constexpr char kHelp[] = R"(Usage:
  rostrum-keys DIR                 make what is missing
  rostrum-keys rotate DIR ISSUER   sign with a new key from now on
  rostrum-keys --help

Makes in DIR, for each of account, subscription, content, feed, comment and
gateway, ISSUER.key.json with the private key it signs identities with (mode
0600), and keyring.json with the public keys of all, which everyone reads. What
exists is left alone.

rotate adds a second key of ISSUER to keyring.json, puts the new private key in
ISSUER.key.json, and drops keys of ISSUER older than the two newest. Services
read a changed keyring.json within 5 seconds; ISSUER signs with the new key when
it is started again. Rotate twice to make a stolen key worthless.
)";

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  if (!in) return absl::NotFoundError("cannot read " + path);
  return content.str();
}

bool WriteAll(int fd, const std::string& content) {
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return fsync(fd) == 0;
}

// Replaces the file with a finished one: readers never see half a file.
absl::Status WriteFile(const std::string& path, const std::string& content, mode_t mode) {
  const std::string temporary = path + ".new";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0)
    return absl::UnavailableError(temporary + ": " + std::system_category().message(errno));
  // A file left from an earlier attempt has its own mode, and the umask may have cut ours.
  const bool written = fchmod(fd, mode) == 0 && WriteAll(fd, content);
  close(fd);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(path + ": " + std::system_category().message(errno));
  }
  return absl::OkStatus();
}

std::string KeyPath(const std::string& dir, const std::string& issuer) {
  return dir + "/" + issuer + ".key.json";
}

struct SigningKey {
  json secret;  // of ISSUER.key.json
  json listed;  // of keyring.json
};

SigningKey KeyOf(const std::string& issuer, const std::string& seed) {
  const std::string public_key = Ed25519KeyPairFromSeed(seed).public_key;
  const std::string kid = Base64Url(Sha256(public_key).substr(0, 12));
  return {{{"kid", kid}, {"issuer", issuer}, {"seed", Base64Url(seed)}},
          {{"kid", kid}, {"issuer", issuer}, {"public_key", Base64Url(public_key)}}};
}

absl::StatusOr<SigningKey> ReadKey(const std::string& path, const std::string& issuer) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  SystemClock clock;
  const absl::StatusOr<IdentitySigner> signer = IdentitySigner::Parse(text, clock);
  if (!signer.ok()) return absl::InvalidArgumentError(path + ": not a signing key");
  if (signer->issuer() != issuer) return absl::InvalidArgumentError(path + ": of another issuer");
  const json secret = json::parse(text);
  SigningKey key = KeyOf(issuer, *Base64UrlDecode(secret["seed"].get<std::string>()));
  key.listed["kid"] = secret["kid"];
  return key;
}

absl::StatusOr<json> ReadKeyring(const std::string& path) {
  if (!std::filesystem::exists(path)) return json{{"keys", json::array()}};
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  json keyring = json::parse(text, nullptr, false);
  if (!Keyring::Parse(text).ok()) return absl::InvalidArgumentError(path + ": not a keyring");
  return keyring;
}

bool Lists(const json& keyring, const json& kid) {
  for (const json& key : keyring["keys"]) {
    if (key["kid"] == kid) return true;
  }
  return false;
}

void DropOldKeys(json& keyring, const std::string& issuer) {
  json kept = json::array();
  int newer = 0;
  // Keys are listed in the order in which they were made.
  for (auto it = keyring["keys"].rbegin(); it != keyring["keys"].rend(); ++it) {
    if ((*it)["issuer"] == issuer && ++newer > kKeysOfAnIssuer) continue;
    kept.insert(kept.begin(), *it);
  }
  keyring["keys"] = kept;
}

absl::Status MakeMissing(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return absl::UnavailableError(dir + ": " + error.message());
  const std::string keyring_path = dir + "/keyring.json";
  ASSIGN_OR_RETURN(json keyring, ReadKeyring(keyring_path));
  for (const std::string issuer : kIssuers) {
    const std::string path = KeyPath(dir, issuer);
    if (!std::filesystem::exists(path)) {
      const SigningKey made = KeyOf(issuer, RandomBytes(kSeedBytes));
      RETURN_IF_ERROR(WriteFile(path, made.secret.dump(2) + "\n", 0600));
    }
    ASSIGN_OR_RETURN(const SigningKey key, ReadKey(path, issuer));
    if (!Lists(keyring, key.listed["kid"])) keyring["keys"].push_back(key.listed);
    DropOldKeys(keyring, issuer);
  }
  return WriteFile(keyring_path, keyring.dump(2) + "\n", 0644);
}

absl::Status Rotate(const std::string& dir, const std::string& issuer) {
  const std::string key_path = KeyPath(dir, issuer);
  const std::string keyring_path = dir + "/keyring.json";
  ASSIGN_OR_RETURN(const SigningKey former, ReadKey(key_path, issuer));
  ASSIGN_OR_RETURN(json keyring, ReadKeyring(keyring_path));
  if (!Lists(keyring, former.listed["kid"])) keyring["keys"].push_back(former.listed);
  const SigningKey made = KeyOf(issuer, RandomBytes(kSeedBytes));
  keyring["keys"].push_back(made.listed);
  DropOldKeys(keyring, issuer);
  // The public half first: nobody may sign with a key that others do not know.
  RETURN_IF_ERROR(WriteFile(keyring_path, keyring.dump(2) + "\n", 0644));
  return WriteFile(key_path, made.secret.dump(2) + "\n", 0600);
}

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "rostrum-keys: " << status.message() << "\n";
  return 1;
}

int Main(const std::vector<std::string>& arguments) {
  InitCrypto();
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::cout << kHelp;
    return 0;
  }
  if (arguments.size() == 1 && !arguments[0].starts_with("-") && arguments[0] != "rotate") {
    return Report(MakeMissing(arguments[0]));
  }
  if (arguments.size() == 3 && arguments[0] == "rotate") {
    return Report(Rotate(arguments[1], arguments[2]));
  }
  std::cerr << kHelp;
  return 2;
}

}  // namespace
}  // namespace rostrum

int main(int argc, char** argv) {
  return rostrum::Main(std::vector<std::string>(argv + 1, argv + argc));
}
