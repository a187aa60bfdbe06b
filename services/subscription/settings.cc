#include "services/subscription/settings.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/common/redis/redis_settings.h"

namespace rostrum::subscription {
namespace {

constexpr char kDefaultPlans[] = "monthly:Monthly:EUR:700:month;yearly:Yearly:EUR:7000:year";
constexpr size_t kMinSecretBytes = 16;

MeterSettings ReadMeter(Settings& env) {
  MeterSettings meter;
  meter.limit = env.Int("METER_LIMIT", meter.limit, 0, 1000,
                        "Different metered posts that a visitor reads for free in a period.");
  meter.period = env.Duration("METER_PERIOD", meter.period, "That period, from the first read.");
  meter.ending_at = env.Int("METER_ENDING_AT", meter.ending_at, 0, 1000,
                            "With how many free reads left the end is announced.");
  meter.fresh_passes_per_network = env.Int(
      "METER_FRESH_PASSES_PER_NETWORK", meter.fresh_passes_per_network, 1, 10'000'000,
      "New visitors of one network in an hour; further ones get no free reads and no offers.");
  return meter;
}

std::vector<Plan> ReadPlans(Settings& env) {
  const std::string text =
      env.String("PLANS", kDefaultPlans,
                 "Plans on sale, as id:Name:CURRENCY:minor units:month or :year, separated by "
                 "semicolons.");
  absl::StatusOr<std::vector<Plan>> plans = ParsePlans(text);
  if (!plans.ok()) {
    env.AddError(absl::StrCat("PLANS: ", plans.status().message()));
    return {};
  }
  return *std::move(plans);
}

std::vector<std::string> ReadWebhookSecrets(Settings& env) {
  const std::string text =
      env.Secret("PAYMENT_WEBHOOK_SECRET", kMinSecretBytes,
                 "Signs the provider's webhooks, at least 16 bytes; several, separated by commas, "
                 "while it changes.");
  std::vector<std::string> secrets = absl::StrSplit(text, ',', absl::SkipEmpty());
  if (secrets.empty() && !text.empty()) env.AddError("PAYMENT_WEBHOOK_SECRET: holds no secret");
  for (const std::string& secret : secrets) {
    if (secret.size() < kMinSecretBytes) {
      env.AddError("PAYMENT_WEBHOOK_SECRET: one of them is too short");
    }
  }
  return secrets;
}

}  // namespace

SubscriptionSettings ReadSubscriptionSettings(Settings& env) {
  SubscriptionSettings settings;
  settings.redis = ReadRedisOptions(env);
  settings.account_target = ReadTarget(env, "account");
  settings.meter = ReadMeter(env);
  settings.offer.duration = env.Duration("OFFER_DURATION", settings.offer.duration,
                                         "How long the offer of a trial runs.");
  settings.offer.pause = env.Duration("OFFER_PAUSE", settings.offer.pause,
                                      "Time from the end of an offer until a new one can start.");
  settings.offer.new_per_network = settings.meter.fresh_passes_per_network;
  settings.trial_duration =
      env.Duration("TRIAL_DURATION", settings.trial_duration, "How long a free trial lasts.");
  settings.first_reminder = env.Duration("TRIAL_FIRST_REMINDER", settings.first_reminder,
                                         "How long before the end of a trial the first reminder is "
                                         "sent.");
  settings.last_reminder =
      env.Duration("TRIAL_LAST_REMINDER", settings.last_reminder,
                   "How long before the end of a trial the last reminder is sent.");
  settings.membership.grace = env.Duration("GRACE_PERIOD", settings.membership.grace,
                                           "How long a member can read on after a failed payment.");
  settings.membership.renewal_leeway = env.Duration(
      "RENEWAL_LEEWAY", settings.membership.renewal_leeway,
      "How long a member can read on after a period whose renewal is not reported yet.");
  settings.plans = ReadPlans(env);
  if (const std::string provider = env.String(
          "PAYMENT_PROVIDER", "test",
          "Who takes payments. Only test exists: it takes no money, and anybody may approve "
          "its payments.");
      provider != "test") {
    env.AddError(absl::StrCat("PAYMENT_PROVIDER: \"", provider, "\" is not known"));
  }
  settings.test_provider.secrets = ReadWebhookSecrets(env);
  settings.webhook_url = env.Required("PAYMENT_WEBHOOK_URL",
                                      "Where the test provider sends its webhooks: "
                                      "<PUBLIC_URL>/v1/payments/test/webhook.");
  settings.test_provider.public_url = std::string(absl::StripSuffix(
      env.Required("PUBLIC_URL", "Where readers find the site, such as https://example.org."),
      "/"));
  if (env.Find("PLAN_PERIOD_OVERRIDE") != nullptr) {
    settings.test_provider.period_override =
        env.Duration("PLAN_PERIOD_OVERRIDE", absl::Hours(24 * 30),
                     "The test provider's period in place of months and years; for tests.");
  }
  return settings;
}

}  // namespace rostrum::subscription
