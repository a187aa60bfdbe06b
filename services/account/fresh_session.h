#pragma once

#include <string>

#include "grpcpp/server_context.h"
#include "services/account/account_keys.h"
#include "services/account/session_store.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::account {

// A session that is about to be opened, with its token. The token is sent to the browser
// and stored nowhere.
struct FreshSession {
  NewSession stored;
  std::string token;
};

FreshSession MakeSession(const SessionRules& rules, absl::Time now);

// Gives an opened session to the browser, and ends the session that the browser had before.
void Enter(grpc::ServerContext* ctx, const RequestContext& context, const FreshSession& session,
           SessionStore& sessions);

}  // namespace rostrum::account
