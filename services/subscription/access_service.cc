#include "services/subscription/access_service.h"

#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::subscription {
namespace {

constexpr size_t kMaxNetwork = 128;

absl::StatusOr<Reader> ReaderOf(const v1::CheckAccessRequest& request) {
  Reader reader;
  if (!request.account_id().empty()) {
    ASSIGN_OR_RETURN(reader.account_id, ParseId<AccountId>(request.account_id(), "account_id"));
  }
  ASSIGN_OR_RETURN(reader.pass, VisitorFromProto(request.visitor(), "visitor"));
  FieldChecks checks;
  checks.OptionalText(request.network(), "network", kMaxNetwork);
  RETURN_IF_ERROR(checks.status());
  reader.network = request.network();
  return reader;
}

}  // namespace

grpc::Status AccessService::CheckAccess(grpc::ServerContext* ctx,
                                        const v1::CheckAccessRequest* request,
                                        v1::ReadingAccess* response) {
  return HandleRpc(rpc_, ctx, "CheckAccess", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const PostId post_id, ParseId<PostId>(request->post_id(), "post_id"));
    if (request->access_level() == v1::ACCESS_LEVEL_UNSPECIFIED ||
        !v1::AccessLevel_IsValid(request->access_level())) {
      return InvalidField("access_level", "UNKNOWN_LEVEL", "must be public, metered or premium");
    }
    ASSIGN_OR_RETURN(const Reader reader, ReaderOf(*request));
    ASSIGN_OR_RETURN(
        *response, paywall_.Decide(reader, post_id, request->access_level(),
                                   request->peek() ? Paywall::Mode::kPeek : Paywall::Mode::kRead));
    return absl::OkStatus();
  });
}

grpc::Status AccessService::GetEntitlement(grpc::ServerContext* ctx,
                                           const v1::GetEntitlementRequest* request,
                                           v1::Entitlement* response) {
  return HandleRpc(rpc_, ctx, "GetEntitlement", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const AccountId account_id,
                     ParseId<AccountId>(request->account_id(), "account_id"));
    ASSIGN_OR_RETURN(const Standing standing, entitlements_.Get(account_id, clock_.Now()));
    *response = ToProto(standing.entitlement);
    return absl::OkStatus();
  });
}

grpc::Status AccessService::GetMeter(grpc::ServerContext* ctx, const v1::GetMeterRequest*,
                                     v1::ReadingAccess* response) {
  return HandleRpc(rpc_, ctx, "GetMeter", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(*response, paywall_.Look({.account_id = rc.caller.account_id,
                                               .pass = rc.visitor,
                                               .network = rc.network}));
    return absl::OkStatus();
  });
}

grpc::Status AccessService::ShowOffer(grpc::ServerContext* ctx, const v1::ShowOfferRequest*,
                                      v1::ReadingAccess* response) {
  return HandleRpc(rpc_, ctx, "ShowOffer", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(*response, paywall_.Look({.account_id = rc.caller.account_id,
                                               .pass = rc.visitor,
                                               .network = rc.network},
                                              Paywall::Mode::kRead));
    if (response->has_offer()) KeepVisitor(ctx);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::subscription
