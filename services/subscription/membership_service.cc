#include "services/subscription/membership_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/local_path.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/subscription/membership_proto.h"

namespace rostrum::subscription {
namespace {

constexpr char kAccountPage[] = "/account";

}  // namespace

MembershipService::MembershipService(MembershipStore& store, PaymentProvider& provider,
                                     std::vector<Plan> plans, const PageTokens& page_tokens,
                                     Clock& clock, RpcRuntime& runtime)
    : store_(store),
      provider_(provider),
      plans_(std::move(plans)),
      page_tokens_(page_tokens),
      clock_(clock),
      rpc_(runtime, v1::MembershipService::service_full_name()) {}

grpc::Status MembershipService::ListPlans(grpc::ServerContext* ctx, const v1::ListPlansRequest*,
                                          v1::ListPlansResponse* response) {
  return HandleRpc(rpc_, ctx, "ListPlans", [&](const RequestContext&) -> absl::Status {
    for (const Plan& plan : plans_) *response->add_plans() = ToProto(plan);
    return absl::OkStatus();
  });
}

grpc::Status MembershipService::CreateCheckout(grpc::ServerContext* ctx,
                                               const v1::CreateCheckoutRequest* request,
                                               v1::Checkout* response) {
  return HandleRpc(rpc_, ctx, "CreateCheckout", [&](const RequestContext& rc) -> absl::Status {
    FieldChecks checks;
    checks.RequireText(request->plan_id(), "plan_id", 40);
    CheckReturnPath(checks, request->return_path(), "return_path");
    RETURN_IF_ERROR(checks.status());
    const Plan* const plan = FindPlan(plans_, request->plan_id());
    if (plan == nullptr) {
      return Error(absl::StatusCode::kNotFound, "PLAN_NOT_FOUND", "there is no such plan");
    }
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(
        const IdempotencyKey key,
        IdempotencyKeyFor(rc.caller, "CreateCheckout", request->request_id(), *request, now));
    ASSIGN_OR_RETURN(
        Checkout checkout,
        store_.AddCheckout(
            {.id = CheckoutId(NewUuid(now)),
             .account_id = rc.caller.account_id,
             .plan_id = plan->id,
             .provider = provider_.name(),
             .return_path = request->return_path().empty() ? kAccountPage : request->return_path(),
             .create_time = now,
             .expire_time = now + kCheckoutLifetime},
            key));
    // Also when a request is repeated that ended before the provider answered.
    if (checkout.provider_reference.empty()) {
      ASSIGN_OR_RETURN(
          const OpenedCheckout opened,
          provider_.OpenCheckout({checkout.id, *plan, checkout.return_path, checkout.expire_time}));
      ASSIGN_OR_RETURN(checkout, store_.SetOpened(checkout.id, opened));
    }
    *response = ToProto(checkout, now);
    return absl::OkStatus();
  });
}

grpc::Status MembershipService::GetCheckout(grpc::ServerContext* ctx,
                                            const v1::GetCheckoutRequest* request,
                                            v1::Checkout* response) {
  return HandleRpc(rpc_, ctx, "GetCheckout", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const CheckoutId id,
                     ParseId<CheckoutId>(request->checkout_id(), "checkout_id"));
    ASSIGN_OR_RETURN(const Checkout checkout, store_.GetCheckout(id, rc.caller.account_id));
    *response = ToProto(checkout, clock_.Now());
    return absl::OkStatus();
  });
}

grpc::Status MembershipService::GetMembership(grpc::ServerContext* ctx,
                                              const v1::GetMembershipRequest*,
                                              v1::Membership* response) {
  return HandleRpc(rpc_, ctx, "GetMembership", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Membership membership, store_.Get(rc.caller.account_id));
    *response = ToProto(membership, clock_.Now());
    return absl::OkStatus();
  });
}

absl::Status MembershipService::ChangeRenewal(const AccountId& account_id, RenewalChange change,
                                              v1::Membership* response) {
  ASSIGN_OR_RETURN(const Membership running, store_.Get(account_id));
  if (!running.IsEntitled(clock_.Now())) {
    return Error(absl::StatusCode::kFailedPrecondition, "MEMBERSHIP_ENDED",
                 "the membership is over");
  }
  if (running.provider != provider_.name()) {
    return absl::InternalError(
        absl::StrCat("a membership of ", running.provider, ", which is not the payment provider"));
  }
  const absl::StatusOr<PaymentEvent> event = (provider_.*change)(running.provider_subscription);
  // The caller has a membership: if the provider does not know it, the fault is ours.
  if (absl::IsNotFound(event.status())) return absl::InternalError(event.status().message());
  RETURN_IF_ERROR(event);
  RETURN_IF_ERROR(store_.Apply(*event, clock_.Now()));
  ASSIGN_OR_RETURN(const Membership membership, store_.Get(account_id));
  *response = ToProto(membership, clock_.Now());
  return absl::OkStatus();
}

grpc::Status MembershipService::CancelMembership(grpc::ServerContext* ctx,
                                                 const v1::CancelMembershipRequest*,
                                                 v1::Membership* response) {
  return HandleRpc(rpc_, ctx, "CancelMembership", [&](const RequestContext& rc) -> absl::Status {
    const absl::Status cancelled =
        ChangeRenewal(rc.caller.account_id, &PaymentProvider::Cancel, response);
    if (ReasonOf(cancelled) != "MEMBERSHIP_ENDED") return cancelled;
    // A provider may give up at the first failed payment. Who reads on in grace then has what was
    // asked for: nothing will be renewed.
    ASSIGN_OR_RETURN(const Membership left, store_.Get(rc.caller.account_id));
    const absl::Time now = clock_.Now();
    if (left.state != MembershipState::kGrace || !left.IsEntitled(now)) return cancelled;
    *response = ToProto(left, now);
    return absl::OkStatus();
  });
}

grpc::Status MembershipService::ResumeMembership(grpc::ServerContext* ctx,
                                                 const v1::ResumeMembershipRequest*,
                                                 v1::Membership* response) {
  return HandleRpc(rpc_, ctx, "ResumeMembership", [&](const RequestContext& rc) {
    return ChangeRenewal(rc.caller.account_id, &PaymentProvider::Resume, response);
  });
}

grpc::Status MembershipService::ListPayments(grpc::ServerContext* ctx,
                                             const v1::ListPaymentsRequest* request,
                                             v1::ListPaymentsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListPayments", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, rc.caller, *request, 2));
    ASSIGN_OR_RETURN(const std::optional<PaymentCursor> after,
                     (page.After<PaymentCursor, std::string>()));
    ASSIGN_OR_RETURN(std::vector<Payment> payments,
                     store_.ListPayments(rc.caller.account_id, after, page.limit()));
    response->set_next_page_token(page.Cut(payments, [](const Payment& payment) {
      return TimeCursorParts(payment.create_time, payment.id);
    }));
    for (const Payment& payment : payments) *response->add_payments() = ToProto(payment);
    return absl::OkStatus();
  });
}

grpc::Status MembershipService::ReceiveWebhook(grpc::ServerContext* ctx,
                                               const v1::ReceiveWebhookRequest* request,
                                               v1::ReceiveWebhookResponse*) {
  return HandleRpc(rpc_, ctx, "ReceiveWebhook", [&](const RequestContext&) -> absl::Status {
    if (request->provider() != provider_.name()) {
      return Error(absl::StatusCode::kNotFound, "PROVIDER_NOT_FOUND",
                   "there is no such payment provider");
    }
    Webhook webhook{.body = request->event().data()};
    for (const auto& [name, value] : request->event().headers()) webhook.headers[name] = value;
    ASSIGN_OR_RETURN(const std::optional<PaymentEvent> event, provider_.ReadWebhook(webhook));
    if (!event.has_value()) return absl::OkStatus();
    return store_.Apply(*event, clock_.Now());
  });
}

}  // namespace rostrum::subscription
