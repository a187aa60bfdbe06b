#pragma once

#include <string>

#include "services/account/limits.h"
#include "services/account/mails.h"
#include "services/account/password_hasher.h"
#include "services/account/sign_up_service.h"
#include "services/common/base/settings.h"
#include "services/common/mail/smtp.h"
#include "services/common/redis/redis.h"

namespace rostrum::account {

// The settings of this service, beyond those that every service has.
struct AccountSettings {
  RedisOptions redis;
  std::string subscription_target;
  std::string person_key_secret;
  SmtpOptions smtp;
  int mail_threads;
  MailSettings mail;
  PasswordOptions password;
  SignUpRules sign_up;
  LimitRates limits;
};

// Declares and reads them; errors are collected in `env`.
AccountSettings ReadAccountSettings(Settings& env);
PasswordOptions ReadPasswordOptions(Settings& env);

}  // namespace rostrum::account
