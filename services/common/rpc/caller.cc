#include "services/common/rpc/caller.h"

#include "services/common/base/crypto.h"

namespace rostrum {

std::string Caller::Key() const {
  switch (kind) {
    case Kind::kAnonymous: return "anonymous";
    case Kind::kAccount: return "account:" + account_id.value();
    case Kind::kService: return "service:" + service;
  }
  return "anonymous";
}

std::string LoggedSubject(const std::string& account_id) {
  return Hex(Sha256(account_id)).substr(0, 16);
}

}  // namespace rostrum
