#include "services/account/sign_up_rules.h"

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::account {
namespace {

absl::Status Refused(absl::string_view reason, absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, message);
}

}  // namespace

bool TakesCodes(int code_tries) { return code_tries < kMaxCodeTries; }

absl::Status CheckResend(const SignUpState& state, absl::Time now) {
  if (state.resends >= kMaxResends) {
    return RetryLater(absl::StatusCode::kResourceExhausted, "RESEND_LIMIT",
                      "the mail was sent as often as it can be; sign up again later",
                      state.expire_time - now);
  }
  if (now < state.resend_time) {
    return RetryLater(absl::StatusCode::kResourceExhausted, "RESEND_LIMIT",
                      "the mail was sent a moment ago", state.resend_time - now);
  }
  return absl::OkStatus();
}

absl::Status CheckLink(const SignUpState& state, absl::Time now) {
  if (state.verified) {
    return Refused("VERIFICATION_USED", "the address was verified with it already; log in");
  }
  if (now >= state.expire_time) {
    return Refused("VERIFICATION_EXPIRED", "the verification has expired; sign up again");
  }
  return absl::OkStatus();
}

absl::Status CheckCode(SignUpState& state, bool code_right, absl::Time now) {
  if (now >= state.expire_time) {
    return Refused("VERIFICATION_EXPIRED", "the verification has expired; sign up again");
  }
  if (!TakesCodes(state.code_tries)) {
    return Refused("CODE_TRIES_EXHAUSTED",
                   "too many wrong codes; use the link in the mail or sign up again");
  }
  if (!code_right) {
    ++state.code_tries;
    return Error(absl::StatusCode::kPermissionDenied, "CODE_WRONG", "the code is wrong",
                 {{"tries_left", absl::StrCat(kMaxCodeTries - state.code_tries)}});
  }
  return CheckLink(state, now);
}

absl::Status VerificationInvalid() {
  return Error(absl::StatusCode::kNotFound, "VERIFICATION_INVALID",
               "there is no such verification; a newer mail may have replaced it");
}

absl::Status EmailVerifiedAlready() {
  return Error(absl::StatusCode::kAlreadyExists, "EMAIL_VERIFIED_ALREADY",
               "the address has an account already; log in");
}

absl::Status SignUpNotFound() {
  return Error(absl::StatusCode::kNotFound, "SIGN_UP_NOT_FOUND", "there is no such sign-up");
}

}  // namespace rostrum::account
