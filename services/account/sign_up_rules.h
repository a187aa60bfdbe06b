#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/account/sign_up_store.h"

namespace rostrum::account {

// The rules for sign-ups. They are checked inside the store's transaction, so they are pure
// functions of the stored state.
struct SignUpState {
  int code_tries = 0;
  int resends = 0;
  absl::Time resend_time;
  absl::Time expire_time;
  bool verified = false;
};

// False after too many wrong codes: then only the link works, also that of another mail.
bool TakesCodes(int code_tries);

// RESOURCE_EXHAUSTED / RESEND_LIMIT with RetryInfo.
absl::Status CheckResend(const SignUpState& state, absl::Time now);

// For a link, whose token proves that the person owns the mailbox. FAILED_PRECONDITION /
// VERIFICATION_USED or VERIFICATION_EXPIRED.
absl::Status CheckLink(const SignUpState& state, absl::Time now);

// For a code. Counts a wrong code in `state`. Only a right code reveals whether the sign-up
// was verified already, since anybody can begin a sign-up for any address.
// FAILED_PRECONDITION / VERIFICATION_EXPIRED or CODE_TRIES_EXHAUSTED, PERMISSION_DENIED /
// CODE_WRONG with tries_left, then as CheckLink.
absl::Status CheckCode(SignUpState& state, bool code_right, absl::Time now);

// NOT_FOUND / VERIFICATION_INVALID.
absl::Status VerificationInvalid();
// ALREADY_EXISTS / EMAIL_VERIFIED_ALREADY.
absl::Status EmailVerifiedAlready();
// NOT_FOUND / SIGN_UP_NOT_FOUND.
absl::Status SignUpNotFound();

}  // namespace rostrum::account
