#pragma once

#include <set>
#include <string>

#include "services/common/base/ids.h"

namespace rostrum {

// On whose behalf a call is made, proven by its identity token. Only identity.h makes
// callers that are not anonymous.
struct Caller {
  enum class Kind { kAnonymous, kAccount, kService };

  Kind kind = Kind::kAnonymous;
  // kAccount:
  AccountId account_id;
  SessionId session_id;         // empty with an access token
  std::string display_name;     // as it was when the token was made
  std::set<std::string> roles;  // "author", "moderator", "editor", "admin"
  // Scopes of an access token ("read", "write"); a session has all of them.
  bool has_all_scopes = false;
  std::set<std::string> scopes;
  // kService: "gateway", "account", "subscription", "content", "feed", "comment".
  std::string service;

  bool IsAccount() const { return kind == Kind::kAccount; }
  bool IsService() const { return kind == Kind::kService; }
  bool HasRole(const std::string& role) const { return roles.contains(role); }
  // A text for logs, and for binding page tokens and request ids to the caller:
  // "anonymous", "account:<id>" or "service:<name>".
  std::string Key() const;
};

// A name for an account in log lines: the same in all of them, but not its id.
std::string LoggedSubject(const std::string& account_id);

}  // namespace rostrum
