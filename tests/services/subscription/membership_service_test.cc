#include "services/subscription/membership_service.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/grpc_status.h"
#include "services/subscription/test_payment_service.h"
#include "services/subscription/webhook_signature.h"
#include "subscription_migrations.h"
#include "tests/services/subscription/fake_membership_store.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/storage/postgres_server.h"

namespace rostrum::subscription {
namespace {

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");
constexpr char kSecret[] = "a secret of webhooks";

// The handlers on a fake store, with the test provider on its own books.
class MembershipServiceTest : public GrpcFixture {
 protected:
  MembershipServiceTest() : GrpcFixture("subscription") {
    Serve({&service_, &test_payments_});
    stub_ = v1::MembershipService::NewStub(channel());
    payments_ = v1::TestPaymentService::NewStub(channel());
  }

  // Calls one RPC as an account.
  template <class Response, class Stub, class Request>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&,
                                                          Response*),
                                const Request& request, const AccountId& account = kAnna) {
    grpc::ClientContext ctx;
    AsAccount(ctx, account);
    Response response;
    const grpc::Status status = (stub.*rpc)(&ctx, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }
  absl::StatusOr<v1::Checkout> CreateCheckout(const std::string& plan = "monthly",
                                              const std::string& request_id = "",
                                              const std::string& return_path = "/p/x") {
    v1::CreateCheckoutRequest request;
    request.set_plan_id(plan);
    request.set_request_id(request_id);
    request.set_return_path(return_path);
    return Call(*stub_, &v1::MembershipService::Stub::CreateCheckout, request);
  }
  absl::StatusOr<v1::TestPayment> Approve(const std::string& payment_id, bool fail = false) {
    v1::ApproveTestPaymentRequest request;
    request.set_payment_id(payment_id);
    request.set_fail_renewals(fail);
    return Call(*payments_, &v1::TestPaymentService::Stub::ApproveTestPayment, request);
  }
  absl::StatusOr<v1::TestPayment> Decline(const std::string& payment_id) {
    v1::DeclineTestPaymentRequest request;
    request.set_payment_id(payment_id);
    return Call(*payments_, &v1::TestPaymentService::Stub::DeclineTestPayment, request);
  }
  absl::StatusOr<v1::Membership> Membership() {
    return Call(*stub_, &v1::MembershipService::Stub::GetMembership, v1::GetMembershipRequest());
  }
  absl::Status Deliver(const std::string& body, const std::string& signature,
                       const std::string& provider = "test") {
    v1::ReceiveWebhookRequest request;
    request.set_provider(provider);
    request.mutable_event()->set_data(body);
    (*request.mutable_event()->mutable_headers())["rostrum-signature"] = signature;
    grpc::ClientContext ctx;
    AsAnonymous(ctx);
    v1::ReceiveWebhookResponse response;
    return FromGrpcStatus(stub_->ReceiveWebhook(&ctx, request, &response));
  }
  // Delivers all that the provider has written down so far, `times` times each.
  void DeliverAll(int times = 1) {
    pqxx::connection connection(database_.url);
    Transaction tx(connection);
    for (const pqxx::row& row : tx.exec("SELECT body FROM test_deliveries ORDER BY event_id")) {
      const std::string body = row[0].as<std::string>();
      for (int i = 0; i < times; ++i) {
        ASSERT_THAT(Deliver(body, SignWebhook(kSecret, body, clock().Now())), IsOk());
      }
    }
  }
  void Join(bool fail_renewals = false) {
    ASSERT_THAT(Approve(CreateCheckout()->provider_reference(), fail_renewals), IsOk());
    DeliverAll();
  }

  TestDatabase database_{MigrationsOf("subscription", migrations::Files())};
  FakeMembershipStore store_{MembershipSettings()};
  TestPaymentProvider provider_{database_.pool,
                                {.public_url = "https://site.example",
                                 .secrets = {kSecret},
                                 .period_override = absl::Hours(1)},
                                clock()};
  PageTokens page_tokens_{"a secret of page tokens, 32 bytes"};
  MembershipService service_{
      store_,       provider_, ParsePlans("monthly:Monthly:EUR:700:month").value(),
      page_tokens_, clock(),   runtime()};
  TestPaymentService test_payments_{provider_, runtime()};
  std::unique_ptr<v1::MembershipService::Stub> stub_;
  std::unique_ptr<v1::TestPaymentService::Stub> payments_;
};

TEST_F(MembershipServiceTest, ACheckoutLeadsToTheProvider) {
  const auto checkout = CreateCheckout("monthly", "k");
  ASSERT_THAT(checkout, IsOk());
  EXPECT_EQ(checkout->state(), v1::CHECKOUT_STATE_OPEN);
  EXPECT_EQ(checkout->checkout_url(),
            "https://site.example/test-payments/" + checkout->provider_reference());
  EXPECT_EQ(CreateCheckout("monthly", "k")->checkout_id(), checkout->checkout_id());
  EXPECT_THAT(CreateCheckout("monthly", "k", "/q").status(), HasViolation("request_id"));
  EXPECT_THAT(CreateCheckout("weekly").status(), HasReason("PLAN_NOT_FOUND"));
  for (const char* path : {"//evil.example", "https://evil.example", "/\\evil.example", "p"}) {
    EXPECT_THAT(CreateCheckout("monthly", "", path).status(), HasViolation("return_path")) << path;
  }
}

TEST_F(MembershipServiceTest, TheMembershipBeginsWithTheWebhook) {
  const auto checkout = CreateCheckout();
  ASSERT_THAT(Approve(checkout->provider_reference()), IsOk());
  EXPECT_THAT(Membership().status(), HasReason("NO_MEMBERSHIP"));
  DeliverAll(2);
  EXPECT_EQ(Membership()->state(), v1::MEMBERSHIP_STATE_ACTIVE);
  EXPECT_TRUE(Membership()->entitled());
  v1::GetCheckoutRequest get;
  get.set_checkout_id(checkout->checkout_id());
  const auto rpc = &v1::MembershipService::Stub::GetCheckout;
  EXPECT_EQ(Call(*stub_, rpc, get)->state(), v1::CHECKOUT_STATE_COMPLETED);
  EXPECT_THAT(Call(*stub_, rpc, get, kBert).status(), HasReason("CHECKOUT_NOT_FOUND"));
  EXPECT_THAT(CreateCheckout().status(), HasReason("ALREADY_MEMBER"));
}

TEST_F(MembershipServiceTest, APaymentIsDecidedOnce) {
  const std::string approved = CreateCheckout()->provider_reference();
  EXPECT_THAT(Approve(approved), IsOk());
  EXPECT_THAT(Approve(approved), IsOk());
  EXPECT_THAT(Decline(approved).status(), HasReason("PAYMENT_DECIDED"));
  const std::string declined = CreateCheckout()->provider_reference();
  EXPECT_EQ(Decline(declined)->state(), v1::CHECKOUT_STATE_DECLINED);
  EXPECT_THAT(Approve(declined).status(), HasReason("PAYMENT_DECIDED"));
  EXPECT_THAT(Approve(NewUuid(clock().Now())).status(), HasReason("PAYMENT_NOT_FOUND"));
  EXPECT_THAT(Approve("x").status(), HasViolation("payment_id"));
}

TEST_F(MembershipServiceTest, APaymentIsMadeInTimeOrNotAtAll) {
  const std::string in_time = CreateCheckout()->provider_reference();
  const std::string late = CreateCheckout()->provider_reference();
  fake_clock().Advance(kCheckoutLifetime - absl::Seconds(1));
  EXPECT_THAT(Approve(in_time), IsOk());
  fake_clock().Advance(absl::Seconds(1));
  EXPECT_THAT(Approve(late).status(), HasReason("PAYMENT_EXPIRED"));
  EXPECT_THAT(Approve(in_time), IsOk()) << "it was made";
  EXPECT_THAT(Decline(late), IsOk());
}

TEST_F(MembershipServiceTest, APaymentOfBeforeThereWasALimitIsMadeWithinADay) {
  const std::string in_time = CreateCheckout()->provider_reference();
  const std::string late = CreateCheckout()->provider_reference();
  Execute(database_.pool, "UPDATE test_payments SET expire_time = NULL");
  fake_clock().Advance(kCheckoutLifetime - absl::Seconds(1));
  EXPECT_THAT(Approve(in_time), IsOk());
  fake_clock().Advance(absl::Seconds(1));
  EXPECT_THAT(Approve(late).status(), HasReason("PAYMENT_EXPIRED"));
}

TEST_F(MembershipServiceTest, ASubscriptionThatTheProviderLostIsOurFault) {
  Join();
  Execute(database_.pool, "DELETE FROM test_subscriptions");
  EXPECT_THAT(
      Call(*stub_, &v1::MembershipService::Stub::CancelMembership, v1::CancelMembershipRequest())
          .status(),
      StatusIs(absl::StatusCode::kInternal));
}

TEST_F(MembershipServiceTest, CancelsAndResumes) {
  const v1::CancelMembershipRequest cancel;
  const v1::ResumeMembershipRequest resume;
  const auto cancel_rpc = &v1::MembershipService::Stub::CancelMembership;
  const auto resume_rpc = &v1::MembershipService::Stub::ResumeMembership;
  EXPECT_THAT(Call(*stub_, cancel_rpc, cancel).status(), HasReason("NO_MEMBERSHIP"));
  Join();
  for (int i = 0; i < 2; ++i) {
    const auto cancelled = Call(*stub_, cancel_rpc, cancel);
    EXPECT_EQ(cancelled->state(), v1::MEMBERSHIP_STATE_CANCELLED);
    EXPECT_TRUE(cancelled->entitled());
  }
  DeliverAll();  // the webhooks that say the same once more, and late
  EXPECT_EQ(Membership()->state(), v1::MEMBERSHIP_STATE_CANCELLED);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Call(*stub_, resume_rpc, resume)->state(), v1::MEMBERSHIP_STATE_ACTIVE);
  }
  ASSERT_THAT(Call(*stub_, cancel_rpc, cancel), IsOk());
  fake_clock().Advance(absl::Hours(1));
  EXPECT_EQ(Membership()->state(), v1::MEMBERSHIP_STATE_ENDED);
  EXPECT_THAT(Call(*stub_, resume_rpc, resume).status(), HasReason("MEMBERSHIP_ENDED"));
  EXPECT_EQ(provider_.RenewDue().value(), 1);
  EXPECT_EQ(provider_.RenewDue().value(), 0) << "it has ended";
}

TEST_F(MembershipServiceTest, RenewsAndWritesReceipts) {
  Join();
  for (int period = 0; period < 2; ++period) {
    fake_clock().Advance(absl::Hours(1));
    EXPECT_EQ(provider_.RenewDue().value(), 1);
  }
  DeliverAll();
  EXPECT_TRUE(Membership()->entitled());
  v1::ListPaymentsRequest request;
  request.set_page_size(2);
  const auto rpc = &v1::MembershipService::Stub::ListPayments;
  const auto first = Call(*stub_, rpc, request);
  ASSERT_EQ(first->payments_size(), 2);
  EXPECT_EQ(first->payments(0).amount().minor_units(), 700);
  request.set_page_token(first->next_page_token());
  const auto second = Call(*stub_, rpc, request);
  EXPECT_EQ(second->payments_size(), 1);
  EXPECT_TRUE(second->next_page_token().empty());
  EXPECT_THAT(Call(*stub_, rpc, request, kBert).status(), HasViolation("page_token"));
}

TEST_F(MembershipServiceTest, AFailedRenewalGivesGrace) {
  Join(/*fail_renewals=*/true);
  fake_clock().Advance(absl::Hours(1));
  EXPECT_EQ(provider_.RenewDue().value(), 1);
  DeliverAll();
  EXPECT_EQ(Membership()->state(), v1::MEMBERSHIP_STATE_GRACE);
  EXPECT_TRUE(Membership()->entitled());
  fake_clock().Advance(absl::Hours(24 * 7));
  EXPECT_EQ(Membership()->state(), v1::MEMBERSHIP_STATE_ENDED);
}

TEST_F(MembershipServiceTest, CancellingInGraceFindsThatNothingIsRenewed) {
  Join(/*fail_renewals=*/true);
  fake_clock().Advance(absl::Hours(1));
  ASSERT_EQ(provider_.RenewDue().value(), 1);
  DeliverAll();
  const auto cancel = &v1::MembershipService::Stub::CancelMembership;
  for (int times = 0; times < 2; ++times) {
    const auto answer = Call(*stub_, cancel, v1::CancelMembershipRequest());
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->state(), v1::MEMBERSHIP_STATE_GRACE);
    EXPECT_TRUE(answer->entitled());
    EXPECT_TRUE(answer->has_grace_end_time());
  }
  EXPECT_THAT(
      Call(*stub_, &v1::MembershipService::Stub::ResumeMembership, v1::ResumeMembershipRequest())
          .status(),
      HasReason("MEMBERSHIP_ENDED"));
  fake_clock().Advance(absl::Hours(24 * 7));
  EXPECT_THAT(Call(*stub_, cancel, v1::CancelMembershipRequest()).status(),
              HasReason("MEMBERSHIP_ENDED"));
}

TEST_F(MembershipServiceTest, TheProviderIsAskedAboutItsOwnSubscriptionsOnly) {
  // A membership of a former provider, whose numbers may be those of this one.
  const absl::Time now = clock().Now();
  const absl::Time end = now + absl::Hours(1);
  const CheckoutId id(NewUuid(now));
  ASSERT_THAT(store_.AddCheckout({.id = id,
                                  .account_id = kAnna,
                                  .plan_id = "monthly",
                                  .provider = "former",
                                  .create_time = now,
                                  .expire_time = end},
                                 {}),
              IsOk());
  ASSERT_THAT(store_.SetOpened(id, {id.value(), ""}), IsOk());
  ASSERT_THAT(store_.Apply({.provider = "former",
                            .id = "event",
                            .reference = id.value(),
                            .subscription = id.value(),
                            .period_end_time = end},
                           now),
              IsOk());
  ASSERT_THAT(provider_.OpenCheckout({id, {.price = {"EUR", 700}}, "/", end}), IsOk());
  ASSERT_THAT(Approve(id.value()), IsOk());
  EXPECT_THAT(
      Call(*stub_, &v1::MembershipService::Stub::CancelMembership, v1::CancelMembershipRequest())
          .status(),
      StatusIs(absl::StatusCode::kInternal));
}

TEST_F(MembershipServiceTest, TheSignatureDecides) {
  const std::string body = R"({"id":"evt_1","type":"customer.created"})";
  EXPECT_THAT(Deliver(body, SignWebhook(kSecret, body, clock().Now())), IsOk());
  EXPECT_THAT(Deliver(body, ""), HasReason("WEBHOOK_SIGNATURE_INVALID"));
  EXPECT_THAT(Deliver(body + " ", SignWebhook(kSecret, body, clock().Now())),
              HasReason("WEBHOOK_SIGNATURE_INVALID"));
  EXPECT_THAT(Deliver("{}", SignWebhook(kSecret, "{}", clock().Now())), HasViolation("event"));
  EXPECT_THAT(Deliver(body, "", "stripe"), HasReason("PROVIDER_NOT_FOUND"));
}

}  // namespace
}  // namespace rostrum::subscription
