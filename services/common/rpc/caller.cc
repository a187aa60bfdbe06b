#include "services/common/rpc/caller.h"

namespace rostrum {

std::string Caller::Key() const {
  switch (kind) {
    case Kind::kAnonymous: return "anonymous";
    case Kind::kAccount: return "account:" + account_id.value();
    case Kind::kService: return "service:" + service;
  }
  return "anonymous";
}

}  // namespace rostrum
