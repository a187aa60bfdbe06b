#include "services/account/settings.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/mail/message.h"
#include "services/common/redis/redis_settings.h"

namespace rostrum::account {
namespace {

constexpr int kMaxLimit = 1'000'000;

// For "25 in 5 minutes" the setting is the 25; the period is fixed.
Rate ReadRate(Settings& env, const char* name, const Rate& fallback, const char* meaning) {
  return {.burst = env.Int(name, fallback.burst, 1, kMaxLimit, meaning), .period = fallback.period};
}

LimitRates ReadLimits(Settings& env) {
  const LimitRates usual;
  return {
      .login_per_network = ReadRate(env, "LOGIN_LIMIT_PER_NETWORK", usual.login_per_network,
                                    "Log-ins by password from one network in 5 minutes."),
      .login_per_account =
          ReadRate(env, "LOGIN_LIMIT_PER_ACCOUNT", usual.login_per_account,
                   "In an hour: log-ins by password for one mail address from one network (four "
                   "times as many from all networks together), and attempts at the password "
                   "within an account's sessions."),
      .sign_up_per_network = ReadRate(env, "SIGN_UP_LIMIT_PER_NETWORK", usual.sign_up_per_network,
                                      "Sign-ups from one network in 5 minutes."),
      .mail_per_network =
          ReadRate(env, "MAIL_LIMIT_PER_NETWORK", usual.mail_per_network,
                   "Login links, resets and repeated sign-up mails from one network in 5 minutes."),
      .mail_per_address = ReadRate(
          env, "MAIL_LIMIT_PER_ADDRESS", usual.mail_per_address,
          "In 30 minutes: login links and resets for one mail address from one network (twice as "
          "many from all networks together), and as many sign-ups."),
      .sign_up_per_address =
          ReadRate(env, "SIGN_UP_LIMIT_PER_ADDRESS", usual.sign_up_per_address,
                   "Mails of sign-ups to one mail address from all networks in a day."),
      .wrong_codes_per_network =
          ReadRate(env, "WRONG_CODE_LIMIT_PER_NETWORK", usual.wrong_codes_per_network,
                   "Wrong codes of sign-ups from one network in an hour."),
  };
}

std::string ReadPublicUrl(Settings& env) {
  std::string url =
      env.Required("PUBLIC_URL",
                   "Where readers find the site, such as https://example.org; for links in mails.");
  while (absl::EndsWith(url, "/")) url.pop_back();
  if (!url.empty() && !absl::StartsWith(url, "https://") && !absl::StartsWith(url, "http://")) {
    env.AddError(absl::StrCat("PUBLIC_URL: \"", url, "\" is neither https:// nor http://"));
  }
  return url;
}

MailSettings ReadMailSettings(Settings& env) {
  MailSettings mail;
  mail.site_name = env.String("SITE_NAME", "Rostrum", "Name of the site in mails.");
  mail.public_url = ReadPublicUrl(env);
  mail.from = env.Required("MAIL_FROM", "Sender's address of mails.");
  if (!mail.from.empty() && !IsMailAddress(mail.from)) {
    env.AddError(absl::StrCat("MAIL_FROM: \"", mail.from, "\" is not a mail address"));
  }
  mail.from_name = env.String("MAIL_FROM_NAME", mail.site_name,
                              "Sender's name of mails; if it is not set, what SITE_NAME says.");
  return mail;
}

}  // namespace

PasswordOptions ReadPasswordOptions(Settings& env) {
  PasswordOptions options;
  options.memory_kib =
      env.Int("PASSWORD_MEMORY_KIB", options.memory_kib, PasswordOptions::kMinMemoryKib, 4 << 20,
              "Memory of one password hash (Argon2id), in KiB; the default is also the minimum.");
  options.ops = env.Int("PASSWORD_OPS", options.ops, 2, 100, "Passes of one password hash.");
  options.threads =
      env.Int("PASSWORD_THREADS", options.threads, 1, 64,
              "Password hashes computed at the same time: fewer than there are processors.");
  options.queue = env.Int("PASSWORD_QUEUE", options.queue, 1, 10'000,
                          "Password hashes that may wait; further ones are refused as busy.");
  return options;
}

AccountSettings ReadAccountSettings(Settings& env) {
  AccountSettings settings;
  settings.redis = ReadRedisCacheOptions(env);
  settings.subscription_target = ReadTarget(env, "subscription");
  settings.person_key_secret = env.Secret(
      "PERSON_KEY_SECRET", 32,
      "Keys the hashes of mail addresses and codes, at least 32 bytes. Changing it forgets who had "
      "a trial.");
  settings.smtp.url =
      env.Required("SMTP_URL", "The mail relay, as smtp://host:port or smtps://host:port.");
  settings.smtp.username =
      env.String("SMTP_USERNAME", "", "Name at the mail relay; empty: no log-in.");
  settings.smtp.password = env.String("SMTP_PASSWORD", "", "Password at the mail relay.");
  settings.smtp.require_tls =
      env.Bool("SMTP_REQUIRE_TLS", false, "Send mail by STARTTLS or not at all.");
  settings.mail_threads =
      env.Int("MAIL_THREADS", 2, 1, 16, "How many mails are sent at the same time.");
  settings.mail = ReadMailSettings(env);
  settings.password = ReadPasswordOptions(env);
  settings.sign_up.verification_lifetime =
      env.Duration("VERIFICATION_LIFETIME", settings.sign_up.verification_lifetime,
                   "How long link and code of a sign-up are valid.");
  settings.sign_up.sessions.idle =
      env.Duration("SESSION_IDLE", settings.sign_up.sessions.idle,
                   "A session that is not used for this long ends (counted to the hour).");
  settings.sign_up.sessions.absolute =
      env.Duration("SESSION_ABSOLUTE", settings.sign_up.sessions.absolute,
                   "A session ends after this time in any case.");
  settings.limits = ReadLimits(env);
  return settings;
}

}  // namespace rostrum::account
