#pragma once

#include <string>

#include "services/account/account_keys.h"
#include "services/account/session_store.h"

namespace rostrum::account {

// A session that is about to be opened, with its token. The token is sent to the browser
// and stored nowhere.
struct FreshSession {
  NewSession stored;
  std::string token;
};

inline FreshSession MakeSession(const SessionRules& rules, absl::Time now) {
  std::string token = NewToken();
  return {{.id = SessionId(NewUuid(now)),
           .token_hash = HashToken(token),
           .create_time = now,
           .expire_time = now + rules.absolute},
          std::move(token)};
}

}  // namespace rostrum::account
