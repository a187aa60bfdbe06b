#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "services/common/rpc/caller.h"

namespace rostrum {

// The caller table: every RPC says in its proto who may call it
// (rostrum/access/v1/access.proto), and this is the only place that decides.

// OK if `caller` may call `method`.
//   UNAUTHENTICATED / LOGIN_REQUIRED: an account could, nobody is signed in.
//   PERMISSION_DENIED / ROLE_REQUIRED: signed in, without the role.
//   PERMISSION_DENIED / SCOPE_REQUIRED: the access token lacks the scope.
//   PERMISSION_DENIED / SERVICE_ONLY: for services of the platform, or for
//   others of them.
//   PERMISSION_DENIED / ACCOUNT_ONLY: a service called what is for accounts.
//   PERMISSION_DENIED / NOT_CALLABLE: the RPC states no callers.
absl::Status CheckCaller(const google::protobuf::MethodDescriptor& method, const Caller& caller);

// The table as text, a line an RPC, for the golden file that reviewers read.
std::string AccessTable(const std::vector<const google::protobuf::ServiceDescriptor*>& services);

// True if the RPC is marked idempotency_level = NO_SIDE_EFFECTS.
bool IsRead(const google::protobuf::MethodDescriptor& method);

}  // namespace rostrum
