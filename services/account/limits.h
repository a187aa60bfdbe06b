#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "services/account/account_keys.h"
#include "services/common/base/ids.h"
#include "services/common/redis/throttle.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::account {

// Limits per mail address apply to each network, and to all networks together at this many
// times the rate. An address is no secret, so an attacker who uses up its limit from one
// network does not lock its owner out. An attacker with several networks still does; they
// must be held back before they reach the gateway.
inline constexpr int kNetworksPerAddress = 4;
// The same for mails, which anybody can have sent to an address.
inline constexpr int kMailNetworksPerAddress = 2;

struct LimitRates {
  Rate login_per_network{.burst = 25, .period = absl::Minutes(5)};
  Rate login_per_account{.burst = 25, .period = absl::Hours(1)};
  Rate sign_up_per_network{.burst = 25, .period = absl::Minutes(5)};
  Rate mail_per_network{.burst = 25, .period = absl::Minutes(5)};
  Rate mail_per_address{.burst = 5, .period = absl::Minutes(30)};
  // From all networks together. Login links and resets have no such limit: whoever used it up
  // would lock the owner of the address out for a day.
  Rate sign_up_per_address{.burst = 20, .period = absl::Hours(24)};
  // Else one network could guess at the codes of many sign-ups.
  Rate wrong_codes_per_network{.burst = 25, .period = absl::Hours(1)};
};

// Limits on attempts. Each method counts one attempt and returns OK or RESOURCE_EXHAUSTED /
// RATE_LIMITED with RetryInfo. Known and unknown addresses are treated the same; keys hold
// them as keyed hashes only. Thread-safe.
class Limits {
 public:
  Limits(Throttle& throttle, const AccountKeys& keys, LimitRates rates);

  absl::Status CheckLogin(const RequestContext& context, const std::string& email);
  // An attempt at the current password from inside a session of the account.
  absl::Status CheckPassword(const AccountId& account_id);
  absl::Status CheckSignUp(const RequestContext& context, const std::string& email);
  // Another mail of a sign-up.
  absl::Status CheckResend(const RequestContext& context, const std::string& email);
  // A login link or a password reset; counted apart from the mails of sign-ups.
  absl::Status CheckMail(const RequestContext& context, const std::string& email);
  // A try of a sign-up's code. Only wrong ones are to count, because many people may share a
  // network: all others are taken back once that is known.
  absl::Status CheckCode(const RequestContext& context);
  void TakeBackCode(const RequestContext& context);

 private:
  absl::Status CheckNetwork(const char* what, const RequestContext& context, const Rate& rate);
  absl::Status CheckAddress(const char* what, const RequestContext& context,
                            const std::string& email, const Rate& rate, int networks,
                            const std::optional<Rate>& day = std::nullopt);

  Throttle& throttle_;
  const AccountKeys& keys_;
  const LimitRates rates_;
};

}  // namespace rostrum::account
