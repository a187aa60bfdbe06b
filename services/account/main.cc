#include <cstring>
#include <memory>

#include "account_migrations.h"
#include "rostrum/subscription/v1/events.pb.h"
#include "services/account/account_service.h"
#include "services/account/clean_up.h"
#include "services/account/create_account.h"
#include "services/account/identity_service.h"
#include "services/account/mail_sender.h"
#include "services/account/postgres_access_token_store.h"
#include "services/account/postgres_account_store.h"
#include "services/account/postgres_mail_queue.h"
#include "services/account/postgres_one_time_token_store.h"
#include "services/account/postgres_session_store.h"
#include "services/account/postgres_sign_up_store.h"
#include "services/account/session_service.h"
#include "services/account/settings.h"
#include "services/account/sign_up_service.h"
#include "services/account/trial_reminders.h"
#include "services/common/postgres/transaction.h"
#include "services/common/service/service_main.h"

namespace rostrum::account {
namespace {

constexpr absl::Duration kCleanUpInterval = absl::Minutes(10);

class AccountApp final : public ServiceApp {
 public:
  AccountApp(ServiceEnvironment& env, const AccountSettings& settings)
      : ServiceApp(env),
        settings_(settings),
        redis_(settings.redis, env.metrics),
        throttle_(redis_, env.clock),
        keys_(settings.person_key_secret),
        limits_(throttle_, keys_, settings.limits),
        mails_(settings.mail, env.clock),
        hasher_(settings.password, env.metrics),
        transport_(settings.smtp),
        subscription_events_(
            env.SourceOf("subscription", env.ChannelTo(settings.subscription_target))),
        subscription_(subscription_events_.channel, *env.signer, env.metrics),
        mail_sender_(mail_queue_, transport_, settings.mail.from, env.clock, env.metrics) {}

  std::vector<grpc::Service*> services() override {
    return {&account_service_, &sign_up_service_, &session_service_, &identity_service_};
  }

  void Start() override {
    mail_sender_.Start(settings_.mail_threads, mail_signal_);
    Consume(subscription_events_,
            {.handlers = {{subscription::v1::TrialEnding::descriptor()->full_name(),
                           [this](Transaction& tx, const event::v1::Event& event) {
                             return ApplyTrialEnding(tx, event, mails_, env_.clock.Now());
                           }}},
             // No resync and no replay: after a restore of subscription's database a reminder may
             // be missed, but none is sent twice.
             .applied = [this] { mail_signal_.Notify(); }});
    Every("clean-up", kCleanUpInterval, [this] {
      return CleanUp(*env_.pool, settings_.sign_up.sessions.idle, env_.clock.Now());
    });
  }
  void Stop() override {
    StopWork();
    mail_sender_.Stop();
  }

 private:
  const AccountSettings settings_;
  Redis redis_;
  RedisThrottle throttle_;
  AccountKeys keys_;
  Limits limits_;
  Mails mails_;
  PasswordHasher hasher_;
  SmtpTransport transport_;
  EventSource subscription_events_;
  GrpcSubscriptionClient subscription_;

  MailSignal mail_signal_;
  PostgresMailQueue mail_queue_{*env_.pool};
  PostgresAccountStore accounts_{*env_.pool, env_.outbox_signal, mail_signal_};
  PostgresSignUpStore sign_ups_{*env_.pool, env_.outbox_signal, mail_signal_};
  PostgresSessionStore sessions_{*env_.pool, env_.outbox_signal};
  PostgresOneTimeTokenStore one_time_tokens_{*env_.pool, env_.outbox_signal, mail_signal_};
  PostgresAccessTokenStore access_tokens_{*env_.pool, env_.outbox_signal};

  AccountService account_service_{accounts_, subscription_,     hasher_,    limits_,      mails_,
                                  keys_,     *env_.page_tokens, env_.clock, *env_.runtime};
  SignUpService sign_up_service_{sign_ups_,  sessions_,    subscription_, hasher_,
                                 limits_,    mails_,       keys_,         settings_.sign_up,
                                 env_.clock, *env_.runtime};
  SessionService session_service_{accounts_,    sessions_, one_time_tokens_,           hasher_,
                                  limits_,      mails_,    settings_.sign_up.sessions, env_.clock,
                                  *env_.runtime};
  IdentityService identity_service_{sessions_,    access_tokens_,
                                    *env_.signer, settings_.sign_up.sessions,
                                    env_.clock,   *env_.runtime};

  MailSender mail_sender_;
};

ServiceDefinition::Build Configure(Settings& env) {
  const AccountSettings settings = ReadAccountSettings(env);
  return [settings](ServiceEnvironment& environment) {
    return std::make_unique<AccountApp>(environment, settings);
  };
}

}  // namespace
}  // namespace rostrum::account

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "create-account") == 0) {
    return rostrum::account::CreateAccountMain(argc, argv);
  }
  return rostrum::ServiceMain(
      argc, argv,
      {.name = "account",
       .summary = "People: sign-up, login, sessions, profiles, roles, access tokens.",
       .default_port = 50051,
       .migrations = rostrum::account::migrations::Files(),
       .configure = rostrum::account::Configure});
}
