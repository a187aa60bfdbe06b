#include "services/common/rpc/access.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "rostrum/access/v1/access.pb.h"
#include "services/common/base/status.h"

namespace rostrum {
namespace {

namespace pb = rostrum::access::v1;
using google::protobuf::MethodDescriptor;

const pb::Access& RuleOf(const MethodDescriptor& method) {
  return method.options().GetExtension(pb::access);
}

// The role that a kind of caller stands for, or empty.
std::string RoleName(pb::Caller kind) {
  switch (kind) {
    case pb::CALLER_AUTHOR: return "author";
    case pb::CALLER_MODERATOR: return "moderator";
    case pb::CALLER_EDITOR: return "editor";
    case pb::CALLER_ADMIN: return "admin";
    default: return "";
  }
}

bool Matches(pb::Caller kind, const pb::Access& rule, const Caller& caller) {
  if (kind == pb::CALLER_ANYONE) return true;
  if (kind == pb::CALLER_ACCOUNT) return caller.IsAccount();
  if (kind == pb::CALLER_SERVICE) {
    const auto& services = rule.services();
    return caller.IsService() && (services.empty() || std::find(services.begin(), services.end(),
                                                                caller.service) != services.end());
  }
  const std::string role = RoleName(kind);
  return !role.empty() && caller.IsAccount() && (caller.HasRole(role) || caller.HasRole("admin"));
}

std::vector<pb::Caller> CallersOf(const pb::Access& rule) {
  std::vector<pb::Caller> callers;
  for (int kind : rule.callers()) callers.push_back(static_cast<pb::Caller>(kind));
  return callers;
}

bool ForAccounts(const pb::Access& rule) {
  const std::vector<pb::Caller> callers = CallersOf(rule);
  return std::any_of(callers.begin(), callers.end(), [](pb::Caller kind) {
    return kind == pb::CALLER_ANYONE || kind == pb::CALLER_ACCOUNT || !RoleName(kind).empty();
  });
}

// "read", "write" or "session-only".
std::string ScopeOf(const MethodDescriptor& method) {
  switch (RuleOf(method).scope()) {
    case pb::SCOPE_READ: return "read";
    case pb::SCOPE_WRITE: return "write";
    case pb::SCOPE_SESSION_ONLY: return "session-only";
    default: return IsRead(method) ? "read" : "write";
  }
}

absl::Status CheckScope(const MethodDescriptor& method, const Caller& caller) {
  if (!caller.IsAccount() || caller.has_all_scopes) return absl::OkStatus();
  const std::string scope = ScopeOf(method);
  // No access token holds "session-only", whatever it claims.
  if (scope != "session-only" && caller.scopes.contains(scope)) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "SCOPE_REQUIRED",
               absl::StrCat("the access token lacks the scope ", scope), {{"scope", scope}});
}

absl::Status Refusal(const pb::Access& rule, const Caller& caller) {
  if (rule.callers().empty()) {
    return Error(absl::StatusCode::kPermissionDenied, "NOT_CALLABLE", "nobody may call this");
  }
  if (!ForAccounts(rule)) {
    return Error(absl::StatusCode::kPermissionDenied, "SERVICE_ONLY",
                 "only services of the platform may call this");
  }
  if (caller.IsService()) {
    return Error(absl::StatusCode::kPermissionDenied, "ACCOUNT_ONLY",
                 "only accounts may call this");
  }
  if (!caller.IsAccount()) {
    return Error(absl::StatusCode::kUnauthenticated, "LOGIN_REQUIRED", "you must be logged in");
  }
  std::vector<std::string> roles;
  for (pb::Caller kind : CallersOf(rule)) {
    if (std::string role = RoleName(kind); !role.empty()) roles.push_back(std::move(role));
  }
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED",
               absl::StrCat("this needs the role ", absl::StrJoin(roles, " or ")),
               {{"roles", absl::StrJoin(roles, ",")}});
}

std::string Describe(const MethodDescriptor& method) {
  const pb::Access& rule = RuleOf(method);
  if (rule.callers().empty()) return "NOBODY";
  std::vector<std::string> words;
  for (pb::Caller kind : CallersOf(rule)) {
    const std::string name = pb::Caller_Name(kind);
    std::string word(absl::StripPrefix(name, "CALLER_"));
    if (kind == pb::CALLER_SERVICE && !rule.services().empty()) {
      absl::StrAppend(&word, "(", absl::StrJoin(rule.services(), ","), ")");
    }
    words.push_back(std::move(word));
  }
  if (ForAccounts(rule)) words.push_back(absl::StrCat("scope=", ScopeOf(method)));
  return absl::StrJoin(words, " ");
}

}  // namespace

absl::Status CheckCaller(const MethodDescriptor& method, const Caller& caller) {
  const pb::Access& rule = RuleOf(method);
  for (pb::Caller kind : CallersOf(rule)) {
    if (Matches(kind, rule, caller)) return CheckScope(method, caller);
  }
  return Refusal(rule, caller);
}

bool EditsEverything(const std::set<std::string>& roles) {
  return roles.contains("editor") || roles.contains("admin");
}

std::string AccessTable(const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  std::vector<std::string> lines;
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor& method = *service->method(i);
      lines.push_back(
          absl::StrCat(service->full_name(), "/", method.name(), "  ", Describe(method), "\n"));
    }
  }
  std::sort(lines.begin(), lines.end());
  return absl::StrJoin(lines, "");
}

bool IsRead(const MethodDescriptor& method) {
  return method.options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
}

}  // namespace rostrum
