#include "services/account/limits.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::account {

Limits::Limits(Throttle& throttle, const AccountKeys& keys, LimitRates rates)
    : throttle_(throttle), keys_(keys), rates_(rates) {}

absl::Status Limits::CheckNetwork(const char* what, const RequestContext& context,
                                  const Rate& rate) {
  // Calls by programs of the platform itself have no network.
  if (context.network.empty()) return absl::OkStatus();
  return throttle_.Check(absl::StrCat("account:", what, ":network:", context.network), rate);
}

absl::Status Limits::CheckAddress(const char* what, const RequestContext& context,
                                  const std::string& email, const Rate& rate, int networks) {
  const std::string key = absl::StrCat("account:", what, ":{", keys_.ThrottleKey(email), "}");
  return throttle_.CheckAll({{absl::StrCat(key, ":network:", context.network), rate},
                             {absl::StrCat(key, ":all"), {rate.burst * networks, rate.period}}});
}

absl::Status Limits::CheckLogin(const RequestContext& context, const std::string& email) {
  RETURN_IF_ERROR(CheckNetwork("login", context, rates_.login_per_network));
  return CheckAddress("login", context, email, rates_.login_per_account, kNetworksPerAddress);
}

absl::Status Limits::CheckPassword(const AccountId& account_id) {
  return throttle_.Check(absl::StrCat("account:password:", account_id.value()),
                         rates_.login_per_account);
}

absl::Status Limits::CheckSignUp(const RequestContext& context, const std::string& email) {
  RETURN_IF_ERROR(CheckNetwork("signup", context, rates_.sign_up_per_network));
  return CheckAddress("signup", context, email, rates_.mail_per_address, kMailNetworksPerAddress);
}

absl::Status Limits::CheckResend(const RequestContext& context, const std::string& email) {
  RETURN_IF_ERROR(CheckNetwork("mail", context, rates_.mail_per_network));
  return CheckAddress("signup", context, email, rates_.mail_per_address, kMailNetworksPerAddress);
}

absl::Status Limits::CheckMail(const RequestContext& context, const std::string& email) {
  RETURN_IF_ERROR(CheckNetwork("mail", context, rates_.mail_per_network));
  return CheckAddress("mail", context, email, rates_.mail_per_address, kMailNetworksPerAddress);
}

}  // namespace rostrum::account
