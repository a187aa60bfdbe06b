#include "services/account/fresh_session.h"

#include "services/common/base/log.h"
#include "services/common/rpc/handle_rpc.h"

namespace rostrum::account {

FreshSession MakeSession(const SessionRules& rules, absl::Time now) {
  std::string token = NewToken();
  return {{.id = SessionId(NewUuid(now)),
           .token_hash = HashToken(token),
           .create_time = now,
           .expire_time = now + rules.absolute},
          std::move(token)};
}

void Enter(grpc::ServerContext* ctx, const RequestContext& context, const FreshSession& session,
           SessionStore& sessions) {
  SetSession(ctx, session.token);
  if (context.caller.session_id.empty()) return;
  const absl::Status ended = sessions.Revoke(context.caller.account_id, context.caller.session_id,
                                             session.stored.create_time);
  if (!ended.ok() && !absl::IsNotFound(ended)) {
    LogWarning("the former session could not be ended",
               {{"code", absl::StatusCodeToString(ended.code())}});
  }
}

}  // namespace rostrum::account
