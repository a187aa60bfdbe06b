#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "services/common/rpc/caller.h"

namespace rostrum {

// The caller table: every RPC states in its proto who may call it
// (rostrum/access/v1/access.proto). The decision is made here and nowhere else.

// OK if `caller` may call `method`.
//   UNAUTHENTICATED / LOGIN_REQUIRED: accounts may call it, but nobody is signed in.
//   PERMISSION_DENIED / ROLE_REQUIRED: signed in, without the role.
//   PERMISSION_DENIED / SCOPE_REQUIRED: the access token lacks the scope.
//   PERMISSION_DENIED / SERVICE_ONLY: only services may call it, and the caller is none,
//     or is not one of those that are named.
//   PERMISSION_DENIED / ACCOUNT_ONLY: the caller is a service, and only accounts may call it.
//   PERMISSION_DENIED / NOT_CALLABLE: the RPC states no callers.
absl::Status CheckCaller(const google::protobuf::MethodDescriptor& method, const Caller& caller);

// Whether an account with these roles reads and edits everything here, as editors and admins do.
bool EditsEverything(const std::set<std::string>& roles);

// The table as text, one line per RPC, for the golden file that reviewers read.
std::string AccessTable(const std::vector<const google::protobuf::ServiceDescriptor*>& services);

// True if the RPC is marked idempotency_level = NO_SIDE_EFFECTS.
bool IsRead(const google::protobuf::MethodDescriptor& method);

}  // namespace rostrum
