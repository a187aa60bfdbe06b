#include "absl/strings/str_cat.h"
#include "gateway/web/form_view.h"
#include "gateway/web/message_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace apb = rostrum::account::v1;

// Whether a link works no more, whatever is typed beside it.
bool IsLinkOver(const absl::Status& status) {
  return ReasonOf(status) == "LINK_INVALID" || !FieldError(DetailsOf(status), "token").empty();
}

FormView::Field EmailField(const std::string& value) {
  return {.name = "email",
          .proto = "email",
          .label = "FIELD_EMAIL",
          .type = "email",
          .autocomplete = "username",
          .value = value};
}

http::HttpResponse ShowLogin(Page& page, const std::string& email, const absl::Status& status) {
  const std::string back = page.ReturnPath("/");
  FormView form("/login", page.query.Has("needed") ? "LOGIN_NEEDED" : "LOG_IN", "LOG_IN");
  form.Hidden("return", back).Add(EmailField(email));
  form.Add({.name = "password",
            .proto = "password",
            .label = "FIELD_PASSWORD",
            .type = "password",
            .autocomplete = "current-password",
            .max = 128});
  form.Link(absl::StrCat("/login/link?return=", QueryValue(back)), "LOGIN_BY_LINK");
  form.Link(absl::StrCat("/reset?return=", QueryValue(back)), "LOGIN_FORGOTTEN");
  form.Link(absl::StrCat("/start?for=account&return=", QueryValue(back)), "LOGIN_NEW");
  return form.Show(page, status);
}

PageAnswer LoginPage(Page& page) {
  if (page.SignedIn()) co_return page.Redirect(page.ReturnPath("/"));
  co_return ShowLogin(page, "", absl::OkStatus());
}

PageAnswer LogIn(Page& page) {
  apb::LogInRequest request;
  request.set_email(page.form.Get("email"));
  request.set_password(page.form.Get("password"));
  const auto session = co_await page.calls.Call(rpcs::kLogIn, request);
  if (!session.ok()) co_return ShowLogin(page, request.email(), session.status());
  co_return page.Redirect(page.ReturnPath("/"));
}

PageAnswer LogOut(Page& page) {
  const auto done = co_await page.calls.Call(rpcs::kLogOut, apb::LogOutRequest());
  if (!done.ok()) co_return page.Fail(done.status());
  co_return page.Redirect("/");
}

// The form to request a login link by mail.
http::HttpResponse ShowAskLink(Page& page, const std::string& email, const absl::Status& status) {
  FormView form("/login/link", "LINK_HEADING", "LINK_BUTTON");
  form.Intro(page.site.words.Get("LINK_INTRO")).Hidden("return", page.ReturnPath("/"));
  return form.Add(EmailField(email)).Show(page, status);
}

// The page that the link opens. It has a button, since mail scanners open links.
http::HttpResponse ShowRedeemLink(Page& page, const std::string& token,
                                  const absl::Status& status) {
  FormView form("/login/link", "LOG_IN", "LOG_IN");
  form.Intro(page.site.words.Get("LINK_REDEEM_INTRO")).Hidden("token", token);
  form.Link("/login/link", "LINK_AGAIN");
  return form.Show(page, status);
}

PageAnswer LinkPage(Page& page) {
  const std::string& token = page.query.Get("token");
  co_return token.empty() ? ShowAskLink(page, "", absl::OkStatus())
                          : ShowRedeemLink(page, token, absl::OkStatus());
}

PageAnswer Link(Page& page) {
  if (page.form.Has("token")) {
    apb::RedeemLoginLinkRequest request;
    request.set_token(page.form.Get("token"));
    const auto redeemed = co_await page.calls.Call(rpcs::kRedeemLoginLink, request);
    if (IsLinkOver(redeemed.status())) {
      co_return ShowRefusal(page, redeemed.status(), "LINK_OVER_HEADING", "/login/link",
                            "LINK_AGAIN");
    }
    if (!redeemed.ok()) co_return ShowRedeemLink(page, request.token(), redeemed.status());
    co_return page.Redirect(redeemed->return_path().empty() ? "/" : redeemed->return_path());
  }
  apb::RequestLoginLinkRequest request;
  request.set_email(page.form.Get("email"));
  request.set_return_path(page.ReturnPath("/"));
  const auto sent = co_await page.calls.Call(rpcs::kRequestLoginLink, request);
  if (!sent.ok()) co_return ShowAskLink(page, request.email(), sent.status());
  co_return page.Redirect(
      absl::StrCat("/login/link/sent?return=", QueryValue(page.ReturnPath("/"))));
}

// The link in the mail leads back to where the reader was, and so does another.
PageAnswer LinkSentPage(Page& page) {
  co_return ShowMessage(page, "MAIL_SENT_HEADING", "MAIL_SENT_TEXT",
                        absl::StrCat("/login/link?return=", QueryValue(page.ReturnPath("/"))),
                        "LINK_AGAIN");
}

http::HttpResponse ShowReset(Page& page, const std::string& email, const absl::Status& status) {
  FormView form("/reset", "RESET_HEADING", "RESET_BUTTON");
  form.Intro(page.site.words.Get("RESET_INTRO")).Hidden("return", page.ReturnPath("/"));
  return form.Add(EmailField(email)).Show(page, status);
}

http::HttpResponse ShowNewPassword(Page& page, const std::string& token,
                                   const absl::Status& status) {
  FormView form("/reset", "RESET_HEADING", "RESET_SET_BUTTON");
  form.Hidden("token", token);
  form.Add(FormView::NewPassword());
  form.Link("/reset", "RESET_AGAIN");
  return form.Show(page, status);
}

PageAnswer ResetPage(Page& page) {
  const std::string& token = page.query.Get("token");
  co_return token.empty() ? ShowReset(page, "", absl::OkStatus())
                          : ShowNewPassword(page, token, absl::OkStatus());
}

PageAnswer Reset(Page& page) {
  if (page.form.Has("token")) {
    apb::ResetPasswordRequest request;
    request.set_token(page.form.Get("token"));
    request.set_new_password(page.form.Get("password"));
    const auto done = co_await page.calls.Call(rpcs::kResetPassword, request);
    if (IsLinkOver(done.status())) {
      co_return ShowRefusal(page, done.status(), "LINK_OVER_HEADING", "/reset", "RESET_AGAIN");
    }
    if (!done.ok()) co_return ShowNewPassword(page, request.token(), done.status());
    co_return page.Redirect("/reset/done");
  }
  apb::RequestPasswordResetRequest request;
  request.set_email(page.form.Get("email"));
  const auto sent = co_await page.calls.Call(rpcs::kRequestPasswordReset, request);
  if (!sent.ok()) co_return ShowReset(page, request.email(), sent.status());
  co_return page.Redirect(absl::StrCat("/reset/sent?return=", QueryValue(page.ReturnPath("/"))));
}

// The link in the mail does not lead back to where the reader was; the login here does.
PageAnswer ResetSentPage(Page& page) {
  co_return ShowMessage(page, "MAIL_SENT_HEADING", "RESET_SENT_TEXT",
                        absl::StrCat("/login?return=", QueryValue(page.ReturnPath("/"))), "LOG_IN");
}

PageAnswer ResetDonePage(Page& page) {
  co_return ShowMessage(page, "RESET_DONE_HEADING", "RESET_DONE_TEXT", "/login", "LOG_IN");
}

}  // namespace

void AddLoginPages(PageRoutes& routes) {
  routes.push_back({"GET", "/login", LoginPage});
  routes.push_back({"POST", "/login", LogIn});
  routes.push_back({"POST", "/logout", LogOut});
  routes.push_back({"GET", "/login/link", LinkPage});
  routes.push_back({"POST", "/login/link", Link});
  routes.push_back({"GET", "/login/link/sent", LinkSentPage});
  routes.push_back({"GET", "/reset", ResetPage});
  routes.push_back({"POST", "/reset", Reset});
  routes.push_back({"GET", "/reset/sent", ResetSentPage});
  routes.push_back({"GET", "/reset/done", ResetDonePage});
}

}  // namespace rostrum::gateway
