#include "services/subscription/access_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::subscription {
namespace {

constexpr size_t kMaxNetwork = 128;
constexpr int kMaxReads = 500;

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

absl::StatusOr<Paywall::Question> QuestionOf(const v1::CheckAccessRequest& request) {
  Paywall::Question question;
  ASSIGN_OR_RETURN(question.post_id, ParseId<PostId>(request.post_id(), "post_id"));
  if (request.access_level() == v1::ACCESS_LEVEL_UNSPECIFIED ||
      !v1::AccessLevel_IsValid(request.access_level())) {
    return InvalidField("access_level", "UNKNOWN_LEVEL", "must be public, metered or premium");
  }
  question.level = request.access_level();
  ASSIGN_OR_RETURN(question.reader, ReaderOf(request));
  return question;
}

}  // namespace

grpc::Status AccessService::CheckAccess(grpc::ServerContext* ctx,
                                        const v1::CheckAccessRequest* request,
                                        v1::ReadingAccess* response) {
  return HandleRpc(rpc_, ctx, "CheckAccess", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const Paywall::Question question, QuestionOf(*request));
    ASSIGN_OR_RETURN(*response, paywall_.Decide(question, request->peek() ? Paywall::Mode::kPeek
                                                                          : Paywall::Mode::kRead));
    return absl::OkStatus();
  });
}

grpc::Status AccessService::BatchCheckVisitorAccess(
    grpc::ServerContext* ctx, const v1::BatchCheckVisitorAccessRequest* request,
    v1::BatchCheckVisitorAccessResponse* response) {
  return HandleRpc(
      rpc_, ctx, "BatchCheckVisitorAccess", [&](const RequestContext&) -> absl::Status {
        if (request->reads_size() > kMaxReads) {
          return InvalidField("reads", "TOO_MANY", absl::StrCat("must be at most ", kMaxReads));
        }
        std::vector<Paywall::Question> questions;
        questions.reserve(request->reads_size());
        for (const v1::CheckAccessRequest& read : request->reads()) {
          if (!read.account_id().empty() || read.peek()) {
            return InvalidField("reads", "NOT_A_VISITOR", "must be reads of visitors");
          }
          ASSIGN_OR_RETURN(Paywall::Question question, QuestionOf(read));
          questions.push_back(std::move(question));
        }
        ASSIGN_OR_RETURN(std::vector<v1::ReadingAccess> decisions,
                         paywall_.DecideAll(questions, Paywall::Mode::kRead));
        for (v1::ReadingAccess& decision : decisions)
          *response->add_decisions() = std::move(decision);
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
