#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/account/account_keys.h"
#include "services/common/base/ids.h"
#include "services/common/redis/throttle.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::account {

// What is limited by address is so from each network, and from all of them together at this
// many times the rate: an address is no secret, and who spends its limit from one network
// does not lock its owner out. Who has several still does: that is to be held back at the edge.
inline constexpr int kNetworksPerAddress = 4;
// Of mails, which somebody else may have sent to it.
inline constexpr int kMailNetworksPerAddress = 2;

struct LimitRates {
  Rate login_per_network{.burst = 25, .period = absl::Minutes(5)};
  Rate login_per_account{.burst = 25, .period = absl::Hours(1)};
  Rate sign_up_per_network{.burst = 25, .period = absl::Minutes(5)};
  Rate mail_per_network{.burst = 25, .period = absl::Minutes(5)};
  Rate mail_per_address{.burst = 5, .period = absl::Minutes(30)};
};

// How often one may try. Each counts the try and says OK or RESOURCE_EXHAUSTED /
// RATE_LIMITED with RetryInfo, alike for known and unknown addresses, which
// appear in keys as keyed hashes only. Thread-safe.
class Limits {
 public:
  Limits(Throttle& throttle, const AccountKeys& keys, LimitRates rates);

  absl::Status CheckLogin(const RequestContext& context, const std::string& email);
  // A guess at the password of an account from inside one of its sessions.
  absl::Status CheckPassword(const AccountId& account_id);
  absl::Status CheckSignUp(const RequestContext& context, const std::string& email);
  // Another mail of a sign-up.
  absl::Status CheckResend(const RequestContext& context, const std::string& email);
  // A login link or a reset, whatever sign-ups there were for the address.
  absl::Status CheckMail(const RequestContext& context, const std::string& email);

 private:
  absl::Status CheckNetwork(const char* what, const RequestContext& context, const Rate& rate);
  absl::Status CheckAddress(const char* what, const RequestContext& context,
                            const std::string& email, const Rate& rate, int networks);

  Throttle& throttle_;
  const AccountKeys& keys_;
  const LimitRates rates_;
};

}  // namespace rostrum::account
