#include <memory>

#include "services/common/base/status.h"
#include "services/common/service/service_main.h"
#include "services/subscription/access_service.h"
#include "services/subscription/membership_service.h"
#include "services/subscription/postgres_membership_store.h"
#include "services/subscription/settings.h"
#include "services/subscription/superfluous.h"
#include "services/subscription/test_payment_service.h"
#include "services/subscription/trial_service.h"
#include "services/subscription/verified_accounts.h"
#include "services/subscription/webhook_delivery.h"
#include "subscription_migrations.h"

namespace rostrum::subscription {
namespace {

constexpr absl::Duration kTimedWork = absl::Milliseconds(500);
// Rarer, because it goes through all trials that end soon.
constexpr absl::Duration kReminders = absl::Seconds(10);
constexpr absl::Duration kCleanUpInterval = absl::Minutes(10);

class SubscriptionApp final : public ServiceApp {
 public:
  SubscriptionApp(ServiceEnvironment& env, const SubscriptionSettings& settings)
      : ServiceApp(env),
        settings_(settings),
        redis_(settings.redis, env.metrics),
        account_(env.SourceOf("account", env.ChannelTo(settings.account_target))) {}

  std::vector<grpc::Service*> services() override {
    return {&access_service_, &trial_service_, &membership_service_, &test_payment_service_};
  }

  void Start() override {
    Consume(account_, verified_accounts_.ConsumerOptions());
    Every("ended-trials", kTimedWork,
          [this] { return trials_.TellEnded(env_.clock.Now()).status(); });
    Every("trial-reminders", kReminders, [this]() -> absl::Status {
      RETURN_IF_ERROR(trials_.TellEnding(env_.clock.Now(), settings_.last_reminder).status());
      return trials_.TellEnding(env_.clock.Now(), settings_.first_reminder).status();
    });
    Every("lapsed-memberships", kTimedWork,
          [this] { return memberships_.LapseDue(env_.clock.Now()).status(); });
    Every("superfluous-subscriptions", kTimedWork,
          [this] { return CancelSuperfluous(memberships_, provider_).status(); });
    Every("renewals", kTimedWork, [this] { return provider_.RenewDue().status(); });
    Every("webhooks", kTimedWork, [this] { return delivery_.DeliverDue(); });
    Every("clean-up", kCleanUpInterval,
          [this] { return PurgeMembershipRecords(*env_.pool, env_.clock.Now()); });
  }
  void Stop() override {
    delivery_.Stop();
    StopWork();
  }

 private:
  const SubscriptionSettings settings_;
  Redis redis_;
  RedisMeter meter_{redis_, settings_.meter};
  RedisOfferBook offers_{redis_, settings_.offer};
  TrialCountdown countdown_{redis_};
  PostgresEntitlementStore entitlement_store_{*env_.pool};
  RememberedEntitlements entitlements_{entitlement_store_, env_.clock};
  PostgresTrialStore trials_{*env_.pool, env_.outbox_signal, settings_.trial_duration,
                             env_.metrics};
  PostgresMembershipStore memberships_{*env_.pool, env_.outbox_signal, settings_.membership};
  TestPaymentProvider provider_{*env_.pool, settings_.test_provider, env_.clock};
  WebhookDelivery delivery_{*env_.pool, settings_.webhook_url,
                            settings_.test_provider.secrets.front(), env_.clock};

  Paywall paywall_{entitlements_, meter_,      offers_, settings_.meter, settings_.trial_duration,
                   env_.clock,    env_.metrics};
  AccessService access_service_{paywall_, entitlements_, env_.clock, *env_.runtime};
  TrialService trial_service_{
      trials_,    offers_,      countdown_, settings_.offer, settings_.trial_duration,
      env_.clock, *env_.runtime};
  MembershipService membership_service_{memberships_,      provider_,  settings_.plans,
                                        *env_.page_tokens, env_.clock, *env_.runtime};
  TestPaymentService test_payment_service_{provider_, *env_.runtime};

  EventSource account_;
  VerifiedAccounts verified_accounts_{trials_, env_.outbox_signal, env_.clock};
};

ServiceDefinition::Build Configure(Settings& env) {
  const SubscriptionSettings settings = ReadSubscriptionSettings(env);
  return [settings](ServiceEnvironment& environment) {
    return std::make_unique<SubscriptionApp>(environment, settings);
  };
}

}  // namespace
}  // namespace rostrum::subscription

int main(int argc, char** argv) {
  return rostrum::ServiceMain(
      argc, argv,
      {.name = "subscription",
       .summary = "The right to read: meter, offers, trials, memberships, payments.",
       .default_port = 50052,
       .migrations = rostrum::subscription::migrations::Files(),
       .configure = rostrum::subscription::Configure});
}
