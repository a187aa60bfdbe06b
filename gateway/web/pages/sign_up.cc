#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"
#include "gateway/web/form_view.h"
#include "gateway/web/message_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/plan_view.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/ids.h"
#include "services/common/base/local_path.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace apb = rostrum::account::v1;
namespace spb = rostrum::subscription::v1;

constexpr char kSignUpPath[] = "/start?for=account";

// "trial" (START) or "join": what the reader signs up for.
apb::SignUpIntent IntentOf(const std::string& text) {
  if (text == "join") return apb::SIGN_UP_INTENT_JOIN;
  return text == "account" ? apb::SIGN_UP_INTENT_ACCOUNT : apb::SIGN_UP_INTENT_TRIAL;
}

// Who has had the trial is told so above the plans.
std::string PlansAfterTrialPath(const std::string& back) {
  return absl::StrCat(PlansPath(back), "&used=1");
}

// Where somebody goes to whom an account is given, by login or verification. The plan that was
// chosen comes along, unless the path is too long with it.
std::string AfterSignUp(apb::SignUpIntent intent, const std::string& back,
                        const std::string& plan) {
  if (intent != apb::SIGN_UP_INTENT_JOIN) return back;
  const std::string plans = PlansPath(back, plan);
  return plans.size() <= kMaxReturnPath ? plans : back;
}

// With the id under which it will be sent, so that sending it twice is one sign-up.
http::HttpResponse ShowStart(Page& page, const Form& typed, const std::string& request,
                             const absl::Status& status) {
  const std::string intent = typed.Get("for").empty() ? "trial" : typed.Get("for");
  const std::string back = page.ReturnPath("/");
  FormView form("/start", intent == "trial" ? "START_HEADING" : "SIGN_UP_HEADING",
                intent == "trial" ? "OFFER_START" : "SIGN_UP_BUTTON");
  if (intent == "trial") form.Intro(page.site.words.Get("START_INTRO"));
  if (intent == "join") {
    form.Intro(page.site.words.Get("SIGN_UP_TO_JOIN")).Hidden("plan", typed.Get("plan"));
  }
  form.Hidden("for", intent).Hidden("return", back).Hidden("request", request);
  form.Add({.name = "display_name",
            .proto = "display_name",
            .label = "FIELD_DISPLAY_NAME",
            .autocomplete = "name",
            .value = typed.Get("display_name"),
            .max = 60});
  form.Add({.name = "email",
            .proto = "email",
            .label = "FIELD_EMAIL",
            .type = "email",
            .autocomplete = "email",
            .value = typed.Get("email")});
  FormView::Field password = FormView::NewPassword();
  password.proto = "password";
  password.hint = "FIELD_PASSWORD_OPTIONAL";
  password.required = false;
  form.Add(std::move(password));
  const std::string after_login = AfterSignUp(IntentOf(intent), back, typed.Get("plan"));
  form.Link(absl::StrCat("/login?return=", QueryValue(after_login)),
            intent == "account" ? "HAVE_ACCOUNT" : "OFFER_MEMBER");
  if (intent == "trial") form.Link(PlansPath(back), "OFFER_SKIP");
  return form.Show(page, status);
}

// START for a reader who is signed in: everything but the button is known.
http::HttpResponse ShowTrialStart(Page& page, const absl::Status& status) {
  const std::string back = page.ReturnPath("/");
  FormView form("/trial", "START_HEADING", "OFFER_START");
  form.Intro(page.site.words.Get("START_INTRO")).Hidden("return", back);
  form.Link(PlansPath(back), "OFFER_SKIP");
  return form.Show(page, status);
}

// START while no offer is open: that there is none, and the other ways.
http::HttpResponse ShowNoOffer(Page& page, const spb::ReadingAccess& access) {
  const Words& words = page.site.words;
  FillOffer(words, access, page.ReturnPath("/"), page.SignedIn(), words.Get("START_NO_OFFER"),
            page.UseTemplate("no_offer.tpl"));
  return page.Show(words.Get("START_HEADING"));
}

PageAnswer StartPage(Page& page) {
  const apb::SignUpIntent intent = IntentOf(page.query.Get("for"));
  const std::string back = page.ReturnPath("/");
  if (page.SignedIn() && intent == apb::SIGN_UP_INTENT_JOIN) {
    co_return page.Redirect(PlansPath(back, page.query.Get("plan")));
  }
  if (page.SignedIn() && intent == apb::SIGN_UP_INTENT_ACCOUNT) co_return page.Redirect(back);
  if (intent == apb::SIGN_UP_INTENT_TRIAL) {
    // While it is not known whether there is an offer, START finds out.
    const auto access = co_await page.calls.Call(rpcs::kShowOffer, spb::ShowOfferRequest());
    if (access.ok() && access->offer().state() != spb::OFFER_STATE_OPEN) {
      co_return ShowNoOffer(page, *access);
    }
    if (page.SignedIn()) co_return ShowTrialStart(page, absl::OkStatus());
  }
  co_return ShowStart(page, page.query, NewUuid(page.site.clock.Now()), absl::OkStatus());
}

// Nothing is left to start then but a membership.
bool IsOfferOver(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "OFFER_EXPIRED" || reason == "OFFER_NOT_STARTED";
}

http::HttpResponse ShowOfferOver(Page& page, const absl::Status& status) {
  return ShowRefusal(page, status, "START_HEADING", PlansPath(page.ReturnPath("/")), "JOIN");
}

PageAnswer Start(Page& page) {
  apb::SignUpRequest request;
  request.set_display_name(page.form.Get("display_name"));
  request.set_email(page.form.Get("email"));
  request.set_password(page.form.Get("password"));
  request.set_intent(IntentOf(page.form.Get("for")));
  request.set_return_path(
      AfterSignUp(request.intent(), page.ReturnPath("/"), page.form.Get("plan")));
  request.set_request_id(page.form.Get("request"));
  auto sign_up = co_await page.calls.Call(rpcs::kSignUp, request);
  if (ReasonOf(sign_up.status()) == "REQUEST_ID_REUSED") {
    // The reader went back and corrected what was typed: another sign-up.
    request.set_request_id(NewUuid(page.site.clock.Now()));
    sign_up = co_await page.calls.Call(rpcs::kSignUp, request);
  }
  if (IsOfferOver(sign_up.status())) co_return ShowOfferOver(page, sign_up.status());
  if (!sign_up.ok()) co_return ShowStart(page, page.form, request.request_id(), sign_up.status());
  page.keep_sign_up = sign_up->sign_up_id();
  co_return page.Redirect(absl::StrCat("/verify?sign_up=", sign_up->sign_up_id()));
}

PageAnswer StartTrial(Page& page) {
  const auto trial = co_await page.calls.Call(rpcs::kStartTrial, apb::StartTrialRequest());
  const std::string back = page.ReturnPath("/");
  if (ReasonOf(trial.status()) == "TRIAL_USED") co_return page.Redirect(PlansAfterTrialPath(back));
  if (IsOfferOver(trial.status())) co_return ShowOfferOver(page, trial.status());
  if (!trial.ok()) co_return ShowTrialStart(page, trial.status());
  co_return page.Redirect(back);
}

http::HttpResponse ShowVerify(Page& page, const std::string& sign_up, const absl::Status& status,
                              bool resent = false) {
  FormView form("/verify", "VERIFY_HEADING", "VERIFY_BUTTON");
  form.Intro(page.site.words.Get(resent ? "VERIFY_RESENT" : "VERIFY_INTRO"));
  form.Hidden("sign_up", sign_up);
  form.Add({.name = "code",
            .proto = "code",
            .label = "FIELD_CODE",
            .autocomplete = "one-time-code",
            .max = 6,
            .inputmode = "numeric"});
  form.Also("/verify/resend", "sign_up", sign_up, "VERIFY_RESEND");
  return form.Show(page, status);
}

// The link in the mail: a page with a button, since mail scanners open links.
http::HttpResponse ShowVerifyLink(Page& page, const std::string& token,
                                  const absl::Status& status) {
  FormView form("/verify", "VERIFY_HEADING", "VERIFY_BUTTON");
  form.Intro(page.site.words.Get("VERIFY_LINK_INTRO")).Hidden("token", token);
  form.Link(kSignUpPath, "SIGN_UP_AGAIN");
  return form.Show(page, status);
}

// Shows the form again, or, if nothing can be verified with it any more, the way on.
http::HttpResponse ShowUnverified(Page& page, const apb::VerifySignUpRequest& request,
                                  const absl::Status& status) {
  static const auto* const verified =
      new std::set<std::string>{"VERIFICATION_USED", "EMAIL_VERIFIED_ALREADY"};
  static const auto* const over =
      new std::set<std::string>{"VERIFICATION_EXPIRED", "VERIFICATION_INVALID", "SIGN_UP_NOT_FOUND",
                                "CODE_TRIES_EXHAUSTED", "INVALID_TOKEN"};
  const ErrorDetails details = DetailsOf(status);
  if (verified->contains(details.reason)) {
    return ShowRefusal(page, status, "SIGN_UP_OVER_HEADING", "/login", "LOG_IN");
  }
  if (over->contains(details.reason) || !FieldError(details, "sign_up_id").empty()) {
    return ShowRefusal(page, status, "SIGN_UP_OVER_HEADING", kSignUpPath, "SIGN_UP_AGAIN");
  }
  return request.token().empty() ? ShowVerify(page, request.sign_up_id(), status)
                                 : ShowVerifyLink(page, request.token(), status);
}

PageAnswer VerifyPage(Page& page) {
  const std::string& token = page.query.Get("token");
  if (token.empty() && page.query.Get("sign_up").empty()) co_return page.Redirect(kSignUpPath);
  co_return token.empty()
      ? ShowVerify(page, page.query.Get("sign_up"), absl::OkStatus(), page.query.Has("resent"))
      : ShowVerifyLink(page, token, absl::OkStatus());
}

// Where a reader goes after verification: back, or on to the plans.
std::string After(const apb::VerifySignUpResponse& verified) {
  const std::string back = verified.return_path().empty() ? "/" : verified.return_path();
  if (verified.intent() == apb::SIGN_UP_INTENT_JOIN) {
    return absl::StartsWith(back, "/join?") ? back : PlansPath(back);
  }
  if (verified.trial_outcome() == apb::TRIAL_OUTCOME_USED) return PlansAfterTrialPath(back);
  return back;
}

// The link was opened in a browser that did not sign up. The password given at the sign-up may
// be a stranger's, so it was not kept.
PageAnswer VerifiedPage(Page& page) {
  co_return ShowMessage(page, "VERIFIED_HEADING", "VERIFIED_NO_PASSWORD", page.ReturnPath("/"),
                        "GO_ON_READING");
}

PageAnswer Verify(Page& page) {
  apb::VerifySignUpRequest request;
  request.set_token(page.form.Get("token"));
  if (request.token().empty()) {
    request.set_sign_up_id(page.form.Get("sign_up"));
    request.set_code(page.form.Get("code"));
  } else if (IsUuid(page.caller.sign_up)) {
    request.set_sign_up_id(page.caller.sign_up);
  }
  const auto verified = co_await page.calls.Call(rpcs::kVerifySignUp, request);
  if (verified.ok()) {
    page.keep_sign_up = "";
    if (verified->password_dropped()) {
      const std::string after = After(*verified);
      co_return page.Redirect(absl::StrCat(
          "/verified?return=",
          QueryValue(after.size() <= kMaxReturnPath ? after : verified->return_path())));
    }
    co_return page.Redirect(After(*verified));
  }
  co_return ShowUnverified(page, request, verified.status());
}

PageAnswer Resend(Page& page) {
  apb::ResendVerificationRequest request;
  request.set_sign_up_id(page.form.Get("sign_up"));
  const auto sign_up = co_await page.calls.Call(rpcs::kResendVerification, request);
  if (!sign_up.ok()) {
    apb::VerifySignUpRequest shown;
    shown.set_sign_up_id(request.sign_up_id());
    co_return ShowUnverified(page, shown, sign_up.status());
  }
  co_return page.Redirect(absl::StrCat("/verify?resent=1&sign_up=", sign_up->sign_up_id()));
}

}  // namespace

void AddSignUpPages(PageRoutes& routes) {
  routes.push_back({"GET", "/start", StartPage});
  routes.push_back({"POST", "/start", Start});
  routes.push_back({"POST", "/trial", StartTrial});
  routes.push_back({"GET", "/verify", VerifyPage});
  routes.push_back({"POST", "/verify", Verify});
  routes.push_back({"GET", "/verified", VerifiedPage});
  routes.push_back({"POST", "/verify/resend", Resend});
}

}  // namespace rostrum::gateway
