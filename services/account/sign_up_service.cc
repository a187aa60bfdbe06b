#include "services/account/sign_up_service.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "services/account/account_proto.h"
#include "services/account/field_rules.h"
#include "services/account/fresh_session.h"
#include "services/common/base/crypto.h"
#include "services/common/base/local_path.h"
#include "services/common/base/log.h"
#include "services/common/base/status.h"
#include "services/common/rpc/caller.h"

namespace rostrum::account {
namespace {

// Limit for one kind of log line: while subscription is away, every request causes one.
constexpr int64_t kLinesPerSecond = 10;

bool IsAway(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

bool IsCode(const std::string& code) {
  return code.size() == 6 && std::all_of(code.begin(), code.end(), absl::ascii_isdigit);
}

absl::StatusOr<Proof> ReadProof(const v1::VerifySignUpRequest& request, const AccountKeys& keys) {
  FieldChecks checks;
  if (!request.token().empty()) {
    CheckToken(checks, request.token(), "token");
    checks.Require(request.code().empty(), "code", "CONTRADICTION",
                   "cannot be combined with token");
    RETURN_IF_ERROR(checks.status());
    Proof proof{.token_hash = HashToken(request.token())};
    if (!request.sign_up_id().empty()) {
      ASSIGN_OR_RETURN(proof.sign_up_id, ParseId<SignUpId>(request.sign_up_id(), "sign_up_id"));
    }
    return proof;
  }
  checks.Require(!request.sign_up_id().empty(), "sign_up_id", "REQUIRED",
                 "must not be empty without a token");
  checks.Require(IsCode(request.code()), "code", "INVALID_CODE", "must be six digits");
  RETURN_IF_ERROR(checks.status());
  ASSIGN_OR_RETURN(SignUpId id, ParseId<SignUpId>(request.sign_up_id(), "sign_up_id"));
  return Proof{.sign_up_id = id, .code_hash = keys.CodeHash(id.value(), request.code())};
}

const CounterFamily kBegun{"sign_ups_begun_total", "Sign-ups that were begun."};
const CounterFamily kVerified{"sign_ups_verified_total", "Sign-ups whose address was verified."};

}  // namespace

SignUpService::SignUpService(SignUpStore& sign_ups, SessionStore& sessions,
                             SubscriptionClient& subscription, PasswordHasher& hasher,
                             Limits& limits, const Mails& mails, const AccountKeys& keys,
                             SignUpRules rules, Clock& clock, RpcRuntime& runtime)
    : sign_ups_(sign_ups),
      sessions_(sessions),
      subscription_(subscription),
      hasher_(hasher),
      limits_(limits),
      mails_(mails),
      keys_(keys),
      rules_(rules),
      clock_(clock),
      rpc_(runtime, v1::SignUpService::service_full_name()),
      begun_(runtime.metrics.Counter(kBegun)),
      verified_(runtime.metrics.Counter(kVerified)) {}

absl::Status SignUpService::CheckFields(const v1::SignUpRequest& request) const {
  FieldChecks checks;
  checks.RequireText(request.display_name(), "display_name", kMaxNameCharacters);
  CheckEmail(checks, request.email(), "email");
  if (!request.password().empty()) {
    CheckNewPassword(checks, request.password(),
                     {request.display_name(), request.email(), mails_.site_name()}, "password");
  }
  checks.Require(v1::SignUpIntent_IsValid(request.intent()), "intent", "UNKNOWN_INTENT",
                 "is none that there is");
  CheckReturnPath(checks, request.return_path(), "return_path");
  return checks.status();
}

absl::StatusOr<IdempotencyKey> SignUpService::KeyFor(const v1::SignUpRequest& request,
                                                     const Caller& caller, absl::Time now) const {
  // The hash of the request is kept for a day. An unkeyed hash must not include the password,
  // which could be guessed from it.
  v1::SignUpRequest hashed = request;
  hashed.set_password(keys_.PasswordFingerprint(request.password()));
  return IdempotencyKeyFor(caller, "SignUp", request.request_id(), hashed, now);
}

absl::Status SignUpService::AcceptOffer(const RequestContext& context) {
  const absl::Status accepted = subscription_.AcceptOffer(context.visitor);
  if (!IsAway(accepted)) return accepted;
  static LogBudget lines(kLinesPerSecond);
  lines.Log(LogLevel::kWarning, "subscription is away, START accepted without it", {});
  return absl::OkStatus();
}

absl::StatusOr<Verification> SignUpService::NewVerification(const SignUpId& id,
                                                            const std::string& email,
                                                            bool takes_codes,
                                                            absl::Time now) const {
  const std::string token = NewToken();
  const std::string code = RandomDigits(6);
  Verification verification{.token_hash = HashToken(token),
                            .code_hash = keys_.CodeHash(id.value(), code),
                            .create_time = now,
                            .expire_time = now + rules_.verification_lifetime};
  ASSIGN_OR_RETURN(
      verification.verify_mail,
      mails_.VerifyAddress(email, token, takes_codes ? code : "", rules_.verification_lifetime));
  ASSIGN_OR_RETURN(verification.member_mail, mails_.AlreadyMember(email));
  return verification;
}

grpc::Status SignUpService::SignUp(grpc::ServerContext* ctx, const v1::SignUpRequest* request,
                                   v1::SignUpResponse* response) {
  return HandleRpc(rpc_, ctx, "SignUp", [&](const RequestContext& rc) -> absl::Status {
    RETURN_IF_ERROR(CheckFields(*request));
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(const IdempotencyKey key, KeyFor(*request, rc.caller, now));
    // A repeat is answered even if the offer has ended or a limit was reached.
    ASSIGN_OR_RETURN(const std::optional<account::SignUp> repeated, sign_ups_.FindRepeated(key));
    if (repeated.has_value()) {
      *response = ToProto(*repeated);
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(limits_.CheckSignUp(rc, request->email()));
    if (request->intent() == v1::SIGN_UP_INTENT_TRIAL) RETURN_IF_ERROR(AcceptOffer(rc));
    std::string password_hash;
    if (!request->password().empty()) {
      ASSIGN_OR_RETURN(password_hash, hasher_.Hash(request->password()));
    }
    const SignUpId id(NewUuid(now));
    ASSIGN_OR_RETURN(Verification verification,
                     NewVerification(id, request->email(), /*takes_codes=*/true, now));
    ASSIGN_OR_RETURN(const account::SignUp begun,
                     sign_ups_.Begin({.id = id,
                                      .email = request->email(),
                                      .person_key = keys_.PersonKey(request->email()),
                                      .display_name = request->display_name(),
                                      .password_hash = std::move(password_hash),
                                      .intent = request->intent(),
                                      .return_path = request->return_path(),
                                      .verification = std::move(verification)},
                                     key));
    begun_.Increment();
    *response = ToProto(begun);
    return absl::OkStatus();
  });
}

grpc::Status SignUpService::ResendVerification(grpc::ServerContext* ctx,
                                               const v1::ResendVerificationRequest* request,
                                               v1::SignUpResponse* response) {
  return HandleRpc(rpc_, ctx, "ResendVerification", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const SignUpId id, ParseId<SignUpId>(request->sign_up_id(), "sign_up_id"));
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(const account::SignUp waiting, sign_ups_.Get(id, now));
    // A request that comes too early is refused below, and does not count against the limit.
    if (now >= waiting.resend_time) RETURN_IF_ERROR(limits_.CheckResend(rc, waiting.email));
    ASSIGN_OR_RETURN(const Verification verification,
                     NewVerification(id, waiting.email, waiting.takes_codes, now));
    ASSIGN_OR_RETURN(const account::SignUp resent, sign_ups_.Resend(id, verification));
    *response = ToProto(resent);
    return absl::OkStatus();
  });
}

void SignUpService::StartTrial(const VerifiedSignUp& verified, v1::VerifySignUpResponse* response) {
  absl::StatusOr<subscription::v1::Trial> trial =
      subscription_.StartTrial(verified.opened.account.id, verified.person_key);
  if (trial.ok()) {
    response->set_trial_outcome(v1::TRIAL_OUTCOME_STARTED);
    *response->mutable_trial() = *std::move(trial);
  } else if (ReasonOf(trial.status()) == "TRIAL_USED") {
    response->set_trial_outcome(v1::TRIAL_OUTCOME_USED);
  } else {
    // The AccountVerified event starts it as soon as subscription reads it.
    static LogBudget lines(kLinesPerSecond);
    lines.Log(LogLevel::kWarning, "the trial starts later",
              {{"subject", LoggedSubject(verified.opened.account.id.value())},
               {"code", absl::StatusCodeToString(trial.status().code())}});
    response->set_trial_outcome(v1::TRIAL_OUTCOME_PENDING);
  }
}

absl::StatusOr<VerifiedSignUp> SignUpService::Verify(const RequestContext& context,
                                                     const Proof& proof,
                                                     const AccountId& account_id,
                                                     const NewSession& session) {
  // The token of a link cannot be guessed.
  if (!proof.token_hash.empty()) return sign_ups_.Verify(proof, account_id, session);
  RETURN_IF_ERROR(limits_.CheckCode(context));
  absl::StatusOr<VerifiedSignUp> verified = sign_ups_.Verify(proof, account_id, session);
  if (ReasonOf(verified.status()) != "CODE_WRONG") limits_.TakeBackCode(context);
  return verified;
}

grpc::Status SignUpService::VerifySignUp(grpc::ServerContext* ctx,
                                         const v1::VerifySignUpRequest* request,
                                         v1::VerifySignUpResponse* response) {
  return HandleRpc(rpc_, ctx, "VerifySignUp", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const Proof proof, ReadProof(*request, keys_));
    const absl::Time now = clock_.Now();
    const FreshSession session = MakeSession(rules_.sessions, now);
    ASSIGN_OR_RETURN(const VerifiedSignUp verified,
                     Verify(rc, proof, AccountId(NewUuid(now)), session.stored));
    verified_.Increment();
    Enter(ctx, rc, session, sessions_);
    *response->mutable_session() =
        ToProto(verified.opened.session, verified.opened.account.display_name, /*current=*/true);
    response->set_return_path(verified.return_path);
    response->set_intent(verified.intent);
    response->set_password_dropped(verified.password_dropped);
    if (verified.intent == v1::SIGN_UP_INTENT_TRIAL) StartTrial(verified, response);
    return absl::OkStatus();
  });
}

}  // namespace rostrum::account
