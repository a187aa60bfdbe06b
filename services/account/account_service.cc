#include "services/account/account_service.h"

#include <utility>

#include "absl/strings/match.h"
#include "services/account/account_proto.h"
#include "services/account/field_rules.h"
#include "services/common/base/status.h"
#include "services/common/rpc/field_mask.h"

namespace rostrum::account {
namespace {

constexpr int kMaxBatch = 100;
constexpr size_t kMaxQueryCharacters = 254;

absl::Status ChangeFields(Account& stored, const v1::Account& wanted,
                          const std::vector<std::string>& paths) {
  v1::Account merged = ToProto(stored);
  MergeFields(wanted, paths, merged);
  // Only what is named: the rest may be from before today's rules.
  ProfileChange change{.etag = wanted.etag()};
  for (const std::string& path : paths) {
    if (path == "display_name") change.display_name = merged.display_name();
    if (path == "bio") change.bio = merged.bio();
    if (path == "language") change.language = merged.language();
    if (path == "time_zone") change.time_zone = merged.time_zone();
    if (absl::StartsWith(path, "mail_choices")) {
      change.trial_reminders = merged.mail_choices().trial_reminders();
    }
  }
  RETURN_IF_ERROR(CheckProfile(change));
  return ChangeProfile(stored, change);
}

absl::Status PasswordWrong() {
  return Error(absl::StatusCode::kPermissionDenied, "PASSWORD_WRONG",
               "the current password is wrong");
}

}  // namespace

AccountService::AccountService(AccountStore& accounts, SubscriptionClient& subscription,
                               PasswordHasher& hasher, Limits& limits, const Mails& mails,
                               const AccountKeys& keys, const PageTokens& page_tokens, Clock& clock,
                               RpcRuntime& runtime)
    : accounts_(accounts),
      subscription_(subscription),
      hasher_(hasher),
      limits_(limits),
      mails_(mails),
      keys_(keys),
      page_tokens_(page_tokens),
      clock_(clock),
      rpc_(runtime, v1::AccountService::service_full_name()) {}

grpc::Status AccountService::GetAccount(grpc::ServerContext* ctx, const v1::GetAccountRequest*,
                                        v1::Account* response) {
  return HandleRpc(rpc_, ctx, "GetAccount", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Account account, accounts_.Get(rc.caller.account_id));
    *response = ToProto(account);
    return absl::OkStatus();
  });
}

grpc::Status AccountService::UpdateAccount(grpc::ServerContext* ctx,
                                           const v1::UpdateAccountRequest* request,
                                           v1::Account* response) {
  return HandleRpc(rpc_, ctx, "UpdateAccount", [&](const RequestContext& rc) -> absl::Status {
    const v1::Account& wanted = request->account();
    ASSIGN_OR_RETURN(
        const std::vector<std::string> paths,
        UpdatedPaths(request->update_mask(), wanted,
                     {"display_name", "bio", "language", "time_zone", "mail_choices"}));
    ASSIGN_OR_RETURN(
        const Account account,
        accounts_.Update(
            rc.caller.account_id,
            [&](Account& stored) { return ChangeFields(stored, wanted, paths); }, clock_.Now()));
    *response = ToProto(account);
    return absl::OkStatus();
  });
}

absl::Status AccountService::ChangePassword(const Account& account, const std::string& current,
                                            const std::string& wanted,
                                            const SessionId& keep_session) {
  if (account.password_hash.empty()) {
    if (!current.empty()) return PasswordWrong();
  } else {
    ASSIGN_OR_RETURN(const PasswordCheck check, hasher_.Verify(current, account.password_hash));
    if (!check.matches) return PasswordWrong();
  }
  ASSIGN_OR_RETURN(std::string hash, hasher_.Hash(wanted));
  ASSIGN_OR_RETURN(Mail mail, mails_.PasswordChanged(account.email));
  return accounts_.ChangePassword({.account_id = account.id,
                                   .old_hash = account.password_hash,
                                   .new_hash = std::move(hash),
                                   .keep_session = keep_session,
                                   .mail = std::move(mail),
                                   .now = clock_.Now()});
}

grpc::Status AccountService::ChangePassword(grpc::ServerContext* ctx,
                                            const v1::ChangePasswordRequest* request,
                                            v1::ChangePasswordResponse*) {
  return HandleRpc(rpc_, ctx, "ChangePassword", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Account account, accounts_.Get(rc.caller.account_id));
    FieldChecks checks;
    if (!request->current_password().empty()) {
      CheckTypedPassword(checks, request->current_password(), "current_password");
    }
    CheckNewPassword(checks, request->new_password(),
                     {account.display_name, account.email, mails_.site_name()}, "new_password");
    RETURN_IF_ERROR(checks.status());
    RETURN_IF_ERROR(limits_.CheckPassword(account.id));
    return ChangePassword(account, request->current_password(), request->new_password(),
                          rc.caller.session_id);
  });
}

grpc::Status AccountService::StartTrial(grpc::ServerContext* ctx, const v1::StartTrialRequest*,
                                        subscription::v1::Trial* response) {
  return HandleRpc(rpc_, ctx, "StartTrial", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Account account, accounts_.Get(rc.caller.account_id));
    RETURN_IF_ERROR(subscription_.AcceptOffer(rc.visitor));
    ASSIGN_OR_RETURN(*response,
                     subscription_.StartTrial(account.id, keys_.PersonKey(account.email)));
    return absl::OkStatus();
  });
}

grpc::Status AccountService::GetProfile(grpc::ServerContext* ctx,
                                        const v1::GetProfileRequest* request,
                                        v1::Profile* response) {
  return HandleRpc(rpc_, ctx, "GetProfile", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const AccountId id, ParseId<AccountId>(request->account_id(), "account_id"));
    ASSIGN_OR_RETURN(const Account account, accounts_.Get(id));
    *response = ToProfile(account);
    return absl::OkStatus();
  });
}

grpc::Status AccountService::BatchGetProfiles(grpc::ServerContext* ctx,
                                              const v1::BatchGetProfilesRequest* request,
                                              v1::BatchGetProfilesResponse* response) {
  return HandleRpc(rpc_, ctx, "BatchGetProfiles", [&](const RequestContext&) -> absl::Status {
    if (request->account_ids().empty() || request->account_ids_size() > kMaxBatch) {
      return InvalidField("account_ids", "INVALID_COUNT", "must be 1 to 100");
    }
    std::vector<AccountId> ids;
    for (const std::string& text : request->account_ids()) {
      ASSIGN_OR_RETURN(AccountId id, ParseId<AccountId>(text, "account_ids"));
      ids.push_back(std::move(id));
    }
    ASSIGN_OR_RETURN(const std::vector<Account> accounts, accounts_.BatchGet(ids));
    for (const Account& account : accounts) *response->add_profiles() = ToProfile(account);
    return absl::OkStatus();
  });
}

grpc::Status AccountService::SetRoles(grpc::ServerContext* ctx, const v1::SetRolesRequest* request,
                                      v1::Account* response) {
  return HandleRpc(rpc_, ctx, "SetRoles", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const AccountId id, ParseId<AccountId>(request->account_id(), "account_id"));
    ASSIGN_OR_RETURN(const std::vector<std::string> roles,
                     NormalRoles({request->roles().begin(), request->roles().end()}, "roles"));
    ASSIGN_OR_RETURN(const Account account,
                     accounts_.SetRoles(id, roles, rc.caller.account_id, clock_.Now()));
    *response = ToProto(account);
    return absl::OkStatus();
  });
}

grpc::Status AccountService::ListAccounts(grpc::ServerContext* ctx,
                                          const v1::ListAccountsRequest* request,
                                          v1::ListAccountsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListAccounts", [&](const RequestContext& rc) -> absl::Status {
    FieldChecks checks;
    checks.OptionalText(request->query(), "query", kMaxQueryCharacters);
    RETURN_IF_ERROR(checks.status());
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, rc.caller, *request, 2));
    AccountQuery query{.text = request->query(), .limit = page.limit()};
    ASSIGN_OR_RETURN(query.after, (page.After<AccountCursor, AccountId>()));

    ASSIGN_OR_RETURN(std::vector<Account> accounts, accounts_.List(query));
    response->set_next_page_token(page.Cut(accounts, [](const Account& account) {
      return TimeCursorParts(account.create_time, account.id.value());
    }));
    for (const Account& account : accounts) *response->add_accounts() = ToProto(account);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::account
