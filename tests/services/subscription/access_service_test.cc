#include "services/subscription/access_service.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/rpc/visitor_proto.h"
#include "tests/services/subscription/fakes.h"
#include "tests/support/grpc_fixture.h"
#include "tests/support/status_matchers.h"

namespace rostrum::subscription {
namespace {

const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
constexpr absl::Duration kFortnight = absl::Hours(24 * 14);

std::string Post(int number) {
  return "00000000-0000-7000-8000-00000000000" + std::to_string(number);
}

class AccessServiceTest : public GrpcFixture {
 protected:
  AccessServiceTest()
      : GrpcFixture("subscription"),
        paywall_(entitlements_, meter_, offers_, settings_, kFortnight, clock(), metrics()),
        service_(paywall_, entitlements_, clock(), runtime()) {
    Serve({&service_});
    stub_ = v1::AccessService::NewStub(channel());
  }

  v1::CheckAccessRequest Request(v1::AccessLevel level, int post = 1) {
    v1::CheckAccessRequest request;
    request.set_post_id(Post(post));
    request.set_access_level(level);
    *request.mutable_visitor() = ToProto(pass_);
    request.set_network("net");
    return request;
  }
  absl::StatusOr<v1::ReadingAccess> Check(const v1::CheckAccessRequest& request,
                                          const std::string& as = "content") {
    grpc::ClientContext ctx;
    AsService(ctx, as);
    v1::ReadingAccess access;
    const grpc::Status status = stub_->CheckAccess(&ctx, request, &access);
    if (!status.ok()) return FromGrpcStatus(status);
    return access;
  }
  absl::StatusOr<v1::BatchCheckVisitorAccessResponse> CheckMany(
      const v1::BatchCheckVisitorAccessRequest& request, const std::string& as = "content") {
    grpc::ClientContext ctx;
    AsService(ctx, as);
    v1::BatchCheckVisitorAccessResponse response;
    const grpc::Status status = stub_->BatchCheckVisitorAccess(&ctx, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }
  v1::ReadingAccess Metered(int post) {
    return Check(Request(v1::ACCESS_LEVEL_METERED, post)).value();
  }
  absl::StatusOr<v1::ReadingAccess> GetMeter(bool with_pass = true, bool signed_in = false) {
    grpc::ClientContext ctx;
    if (signed_in) {
      AsAccount(ctx, kAnna);
    } else {
      AsAnonymous(ctx);
    }
    if (with_pass) WithVisitor(ctx, pass_);
    v1::ReadingAccess access;
    const grpc::Status status = stub_->GetMeter(&ctx, v1::GetMeterRequest(), &access);
    if (!status.ok()) return FromGrpcStatus(status);
    return access;
  }

  absl::StatusOr<v1::ReadingAccess> ShowOffer(bool signed_in = false) {
    grpc::ClientContext ctx;
    if (signed_in) {
      AsAccount(ctx, kAnna);
    } else {
      AsAnonymous(ctx);
    }
    WithVisitor(ctx, pass_);
    v1::ReadingAccess access;
    const grpc::Status status = stub_->ShowOffer(&ctx, v1::ShowOfferRequest(), &access);
    if (!status.ok()) return FromGrpcStatus(status);
    return access;
  }

  MeterSettings settings_;
  FakeEntitlementStore entitlements_;
  FakeMeter meter_{settings_};
  FakeOfferBook offers_{OfferSettings()};
  VisitorPass pass_ = NewVisitor();
  Paywall paywall_;
  AccessService service_;
  std::unique_ptr<v1::AccessService::Stub> stub_;
};

TEST_F(AccessServiceTest, PlacesForMembersStartTheOfferToo) {
  EXPECT_FALSE(GetMeter()->has_offer());
  const auto shown = ShowOffer();
  ASSERT_THAT(shown, IsOk());
  EXPECT_EQ(shown->offer().state(), v1::OFFER_STATE_OPEN);
  EXPECT_EQ(shown->meter().used(), 0);
  fake_clock().Advance(absl::Hours(1));
  EXPECT_EQ(ShowOffer()->offer().expire_time().seconds(), shown->offer().expire_time().seconds());
  EXPECT_TRUE(GetMeter()->has_offer());
}

TEST_F(AccessServiceTest, PublicPostsAreOpenAndNeverCount) {
  for (int post = 1; post <= 9; ++post) {
    const auto access = Check(Request(v1::ACCESS_LEVEL_PUBLIC, post));
    EXPECT_TRUE(access->granted());
    EXPECT_EQ(access->reason(), v1::ACCESS_REASON_PUBLIC);
  }
  EXPECT_EQ(GetMeter()->meter().used(), 0);
}

TEST_F(AccessServiceTest, TheMeterGoesFromFreeToEndingToEnded) {
  for (int post = 1; post <= 5; ++post) {
    const auto access = Metered(post);
    EXPECT_TRUE(access.granted());
    EXPECT_EQ(access.reason(), v1::ACCESS_REASON_METER);
    EXPECT_EQ(access.meter().used(), post);
    EXPECT_EQ(access.meter().remaining(), 5 - post);
    EXPECT_EQ(access.meter().state(), post < 4 ? v1::METER_STATE_FREE : v1::METER_STATE_ENDING);
    EXPECT_EQ(access.has_offer(), post >= 4) << "the offer starts when it is first ending";
  }
  const auto refused = Metered(6);
  EXPECT_FALSE(refused.granted());
  EXPECT_EQ(refused.reason(), v1::ACCESS_REASON_METER_ENDED);
  EXPECT_EQ(refused.meter().state(), v1::METER_STATE_ENDED);
  const auto again = Metered(5);
  EXPECT_TRUE(again.granted());
  EXPECT_EQ(again.meter().state(), v1::METER_STATE_ENDING) << "the text was given";
}

TEST_F(AccessServiceTest, TheOfferIsTheSameInEveryAnswerUntilItHasPassed) {
  const auto premium = Check(Request(v1::ACCESS_LEVEL_PREMIUM));
  EXPECT_FALSE(premium->granted());
  EXPECT_EQ(premium->reason(), v1::ACCESS_REASON_PREMIUM);
  EXPECT_EQ(premium->offer().state(), v1::OFFER_STATE_OPEN);
  EXPECT_EQ(premium->offer().trial_days(), 14);
  const absl::Time expiry = FromProtoTime(premium->offer().expire_time());
  EXPECT_EQ(expiry, clock().Now() + absl::Hours(24));
  fake_clock().Advance(absl::Hours(23));
  EXPECT_EQ(FromProtoTime(Check(Request(v1::ACCESS_LEVEL_PREMIUM))->offer().expire_time()), expiry);
  EXPECT_EQ(FromProtoTime(GetMeter()->offer().expire_time()), expiry);
  fake_clock().Advance(absl::Hours(1));
  const auto expired = Check(Request(v1::ACCESS_LEVEL_PREMIUM));
  EXPECT_EQ(expired->offer().state(), v1::OFFER_STATE_EXPIRED);
  EXPECT_EQ(FromProtoTime(expired->offer().next_offer_time()), expiry + absl::Hours(24 * 30));
  fake_clock().Advance(absl::Hours(24 * 30));
  EXPECT_EQ(Check(Request(v1::ACCESS_LEVEL_PREMIUM))->offer().state(), v1::OFFER_STATE_OPEN);
}

TEST_F(AccessServiceTest, PremiumIsNeverFree) {
  EXPECT_FALSE(Check(Request(v1::ACCESS_LEVEL_PREMIUM))->granted());
  EXPECT_EQ(GetMeter()->meter().used(), 0);
}

TEST_F(AccessServiceTest, TheEntitledReadEverythingAndCountNothing) {
  entitlements_.standings[kAnna] = {
      Entitlement{Entitlement::Reason::kTrial, clock().Now() + kFortnight}, true};
  for (const auto level : {v1::ACCESS_LEVEL_METERED, v1::ACCESS_LEVEL_PREMIUM}) {
    v1::CheckAccessRequest request = Request(level);
    request.set_account_id(kAnna.value());
    const auto access = Check(request);
    EXPECT_TRUE(access->granted());
    EXPECT_EQ(access->reason(), v1::ACCESS_REASON_TRIAL);
    EXPECT_FALSE(access->has_meter());
    EXPECT_FALSE(access->has_offer());
  }
  EXPECT_EQ(GetMeter(true, true)->reason(), v1::ACCESS_REASON_TRIAL);
  EXPECT_EQ(GetMeter()->meter().used(), 0);
}

TEST_F(AccessServiceTest, AfterTheTrialTheMeterAppliesAndNoSecondOfferComes) {
  entitlements_.standings[kAnna] = {
      Entitlement{Entitlement::Reason::kTrial, clock().Now() + kFortnight}, true};
  fake_clock().Advance(kFortnight);
  v1::CheckAccessRequest request = Request(v1::ACCESS_LEVEL_METERED);
  request.set_account_id(kAnna.value());
  EXPECT_EQ(Check(request)->reason(), v1::ACCESS_REASON_METER);
  request.set_access_level(v1::ACCESS_LEVEL_PREMIUM);
  const auto premium = Check(request);
  EXPECT_FALSE(premium->granted());
  EXPECT_FALSE(premium->has_offer());
}

TEST_F(AccessServiceTest, GreetsOnlyWhoHasBeenHere) {
  pass_.fresh = true;
  EXPECT_FALSE(Metered(1).meter().returning());
  pass_.fresh = false;
  EXPECT_TRUE(Metered(1).meter().returning());
}

TEST_F(AccessServiceTest, PeekingCountsNothingAndStartsNoOffer) {
  v1::CheckAccessRequest request = Request(v1::ACCESS_LEVEL_METERED);
  request.set_peek(true);
  EXPECT_FALSE(Check(request)->granted());
  request.set_access_level(v1::ACCESS_LEVEL_PREMIUM);
  EXPECT_FALSE(Check(request)->has_offer());
  EXPECT_EQ(GetMeter()->meter().used(), 0);
  Metered(1);
  request.set_access_level(v1::ACCESS_LEVEL_METERED);
  EXPECT_TRUE(Check(request)->granted());
}

TEST_F(AccessServiceTest, DecidesForManyVisitorsAsForEach) {
  v1::BatchCheckVisitorAccessRequest request;
  for (int post = 1; post <= 6; ++post) {
    *request.add_reads() = Request(v1::ACCESS_LEVEL_METERED, post);
  }
  *request.add_reads() = Request(v1::ACCESS_LEVEL_PUBLIC);
  *request.add_reads() = Request(v1::ACCESS_LEVEL_PREMIUM);
  v1::CheckAccessRequest other = Request(v1::ACCESS_LEVEL_METERED);
  *other.mutable_visitor() = ToProto(NewVisitor());
  *request.add_reads() = other;
  v1::CheckAccessRequest nobody = Request(v1::ACCESS_LEVEL_METERED);
  nobody.clear_visitor();
  *request.add_reads() = nobody;
  const auto decisions = CheckMany(request);
  ASSERT_THAT(decisions, IsOk());
  ASSERT_EQ(decisions->decisions_size(), 10);
  for (int i = 0; i < 6; ++i) {
    const v1::ReadingAccess& access = decisions->decisions(i);
    EXPECT_EQ(access.granted(), i < 5) << i;
    EXPECT_EQ(access.meter().used(), std::min(i + 1, 5)) << i;
    EXPECT_EQ(access.has_offer(), i >= 3) << i;
  }
  EXPECT_EQ(decisions->decisions(6).reason(), v1::ACCESS_REASON_PUBLIC);
  EXPECT_EQ(decisions->decisions(7).reason(), v1::ACCESS_REASON_PREMIUM);
  EXPECT_EQ(decisions->decisions(7).offer().expire_time().seconds(),
            decisions->decisions(4).offer().expire_time().seconds());
  EXPECT_EQ(decisions->decisions(8).meter().used(), 1);
  EXPECT_EQ(decisions->decisions(9).reason(), v1::ACCESS_REASON_METER_ENDED);
}

TEST_F(AccessServiceTest, ABatchIsOfVisitorsOnlyAndBounded) {
  v1::BatchCheckVisitorAccessRequest request;
  *request.add_reads() = Request(v1::ACCESS_LEVEL_METERED);
  request.mutable_reads(0)->set_account_id(kAnna.value());
  EXPECT_THAT(CheckMany(request).status(), HasViolation("reads"));
  *request.mutable_reads(0) = Request(v1::ACCESS_LEVEL_METERED);
  EXPECT_THAT(CheckMany(request, "gateway").status(), HasReason("SERVICE_ONLY"));
  request.mutable_reads(0)->set_post_id("x");
  EXPECT_THAT(CheckMany(request).status(), HasViolation("post_id"));
  request.Clear();
  for (int i = 0; i <= 500; ++i) *request.add_reads() = Request(v1::ACCESS_LEVEL_PUBLIC);
  EXPECT_THAT(CheckMany(request).status(), HasViolation("reads"));
}

TEST_F(AccessServiceTest, AnOutageOpensMeteredPostsOfABatch) {
  meter_.away = true;
  offers_.away = true;
  v1::BatchCheckVisitorAccessRequest request;
  *request.add_reads() = Request(v1::ACCESS_LEVEL_METERED);
  *request.add_reads() = Request(v1::ACCESS_LEVEL_PREMIUM);
  const auto decisions = CheckMany(request);
  ASSERT_THAT(decisions, IsOk());
  EXPECT_EQ(decisions->decisions(0).reason(), v1::ACCESS_REASON_METER_UNAVAILABLE);
  EXPECT_FALSE(decisions->decisions(1).granted());
}

TEST_F(AccessServiceTest, APaywallIsNeverShownBecauseOfAnOutage) {
  meter_.away = true;
  offers_.away = true;
  const auto access = Metered(1);
  EXPECT_TRUE(access.granted());
  EXPECT_EQ(access.reason(), v1::ACCESS_REASON_METER_UNAVAILABLE);
  EXPECT_FALSE(Check(Request(v1::ACCESS_LEVEL_PREMIUM))->granted());
  EXPECT_THAT(GetMeter().status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AccessServiceTest, WithTheDatabaseAwayVisitorsStillRead) {
  entitlements_.away = true;
  EXPECT_TRUE(Metered(1).granted());
  v1::CheckAccessRequest request = Request(v1::ACCESS_LEVEL_PREMIUM);
  request.set_account_id(kAnna.value());
  EXPECT_THAT(Check(request).status(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AccessServiceTest, WithoutAPassThereIsNoFreeAllocation) {
  v1::CheckAccessRequest request = Request(v1::ACCESS_LEVEL_METERED);
  request.clear_visitor();
  const auto access = Check(request);
  EXPECT_FALSE(access->granted());
  EXPECT_EQ(access->reason(), v1::ACCESS_REASON_METER_ENDED);
  EXPECT_FALSE(access->has_offer());
  const auto meter = GetMeter(/*with_pass=*/false);
  EXPECT_FALSE(meter->granted());
  EXPECT_EQ(meter->reason(), v1::ACCESS_REASON_METER_ENDED);
  EXPECT_EQ(meter->meter().SerializeAsString(), access->meter().SerializeAsString());
  EXPECT_EQ(GetMeter()->meter().remaining(), 5);
}

TEST_F(AccessServiceTest, ANetworkOfNewVisitorsGetsNothing) {
  for (int visitor = 0; visitor < settings_.fresh_passes_per_network; ++visitor) {
    ASSERT_THAT(meter_.Read(NewVisitor(), PostId(Post(1)), "net"), IsOk());
  }
  const auto access = Metered(1);
  EXPECT_FALSE(access.granted());
  EXPECT_EQ(access.reason(), v1::ACCESS_REASON_NETWORK_LIMIT);
}

TEST_F(AccessServiceTest, TheWallStandsWithoutAnOfferWhenTooManyBeganInANetwork) {
  const VisitorPass known = pass_;
  EXPECT_TRUE(Check(Request(v1::ACCESS_LEVEL_PREMIUM))->has_offer());
  for (int visitor = 1; visitor < OfferSettings().new_per_network; ++visitor) {
    ASSERT_THAT(offers_.FindOrStart(NewVisitor(), "net", clock().Now()), IsOk());
  }
  pass_ = NewVisitor();
  const auto access = Check(Request(v1::ACCESS_LEVEL_PREMIUM));
  EXPECT_EQ(access->reason(), v1::ACCESS_REASON_PREMIUM);
  EXPECT_FALSE(access->has_offer());
  pass_ = known;
  EXPECT_TRUE(Check(Request(v1::ACCESS_LEVEL_PREMIUM))->has_offer());
}

TEST_F(AccessServiceTest, RefusesWhatIsNotARequest) {
  v1::CheckAccessRequest request = Request(v1::ACCESS_LEVEL_METERED);
  request.set_post_id("x");
  EXPECT_THAT(Check(request).status(), HasViolation("post_id"));
  EXPECT_THAT(Check(Request(v1::ACCESS_LEVEL_UNSPECIFIED)).status(), HasViolation("access_level"));
  request = Request(v1::ACCESS_LEVEL_METERED);
  request.mutable_visitor()->set_secret("short");
  EXPECT_THAT(Check(request).status(), HasViolation("visitor"));
  EXPECT_THAT(Check(Request(v1::ACCESS_LEVEL_PUBLIC), "feed").status(), HasReason("SERVICE_ONLY"));
}

TEST_F(AccessServiceTest, TellsOtherServicesWhatEntitles) {
  entitlements_.standings[kAnna].entitlement =
      Entitlement{Entitlement::Reason::kMembership, clock().Now() + absl::Hours(1)};
  grpc::ClientContext ctx;
  AsService(ctx, "content");
  v1::GetEntitlementRequest request;
  request.set_account_id(kAnna.value());
  v1::Entitlement entitlement;
  ASSERT_THAT(stub_->GetEntitlement(&ctx, request, &entitlement), IsOk());
  EXPECT_TRUE(entitlement.entitled());
  EXPECT_EQ(entitlement.reason(), v1::ACCESS_REASON_MEMBERSHIP);
}

}  // namespace
}  // namespace rostrum::subscription
