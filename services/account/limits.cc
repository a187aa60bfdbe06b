#include "services/account/limits.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::account {
namespace {

std::string NetworkKey(const char* what, const RequestContext& context) {
  return absl::StrCat("account:", what, ":network:", context.network);
}

}  // namespace

Limits::Limits(Throttle& throttle, const AccountKeys& keys, LimitRates rates)
    : throttle_(throttle), keys_(keys), rates_(rates) {}

absl::Status Limits::CheckNetwork(const char* what, const RequestContext& context,
                                  const Rate& rate) {
  // Calls by programs of the platform itself have no network.
  if (context.network.empty()) return absl::OkStatus();
  return throttle_.Check(NetworkKey(what, context), rate);
}

absl::Status Limits::CheckAddress(const char* what, const RequestContext& context,
                                  const std::string& email, const Rate& rate, int networks,
                                  const std::optional<Rate>& day) {
  const std::string key = absl::StrCat("account:", what, ":{", keys_.ThrottleKey(email), "}");
  std::vector<Limit> limits = {{absl::StrCat(key, ":network:", context.network), rate},
                               {absl::StrCat(key, ":all"), {rate.burst * networks, rate.period}}};
  if (day.has_value()) limits.push_back({absl::StrCat(key, ":day"), *day});
  return throttle_.CheckAll(limits);
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
  return CheckAddress("signup", context, email, rates_.mail_per_address, kMailNetworksPerAddress,
                      rates_.sign_up_per_address);
}

absl::Status Limits::CheckResend(const RequestContext& context, const std::string& email) {
  RETURN_IF_ERROR(CheckNetwork("mail", context, rates_.mail_per_network));
  return CheckAddress("signup", context, email, rates_.mail_per_address, kMailNetworksPerAddress,
                      rates_.sign_up_per_address);
}

absl::Status Limits::CheckMail(const RequestContext& context, const std::string& email) {
  RETURN_IF_ERROR(CheckNetwork("mail", context, rates_.mail_per_network));
  return CheckAddress("mail", context, email, rates_.mail_per_address, kMailNetworksPerAddress);
}

absl::Status Limits::CheckCode(const RequestContext& context) {
  return CheckNetwork("code", context, rates_.wrong_codes_per_network);
}

void Limits::TakeBackCode(const RequestContext& context) {
  if (context.network.empty()) return;
  throttle_.TakeBack({{NetworkKey("code", context), rates_.wrong_codes_per_network}});
}

}  // namespace rostrum::account
