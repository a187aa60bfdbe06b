#include "absl/strings/str_cat.h"
#include "gateway/web/account_view.h"
#include "gateway/web/article_view.h"
#include "gateway/web/form_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace apb = rostrum::account::v1;
namespace fpb = rostrum::feed::v1;
namespace spb = rostrum::subscription::v1;
using ctemplate::TemplateDictionary;

constexpr int kFollowsPerPage = 100;
constexpr int kReceiptsPerPage = 5;

// Whether the service answered that the thing exists or that it does not.
bool IsKnown(const absl::Status& status) { return status.ok() || absl::IsNotFound(status); }

// What was paid, and the plans that were paid for. `page_token` is of older payments, or empty.
struct Paid {
  std::string page_token;
  absl::StatusOr<spb::ListPaymentsResponse> payments;
  spb::ListPlansResponse plans;  // none while they cannot be loaded
};

// Asks no more of a subscription that is away: each wait is one less for the rest of the page.
// `membership` is how it answered before.
asio::awaitable<Paid> PaidBy(Page& page, const absl::Status membership) {
  Paid paid;
  paid.page_token = page.query.Get("receipts");
  if (!IsKnown(membership)) {
    paid.payments = membership;
    co_return paid;
  }
  spb::ListPaymentsRequest request;
  request.set_page_size(kReceiptsPerPage);
  request.set_page_token(paid.page_token);
  paid.payments = co_await page.calls.Call(rpcs::kListPayments, request);
  if (!paid.payments.ok()) co_return paid;
  if (!membership.ok() && paid.payments->payments().empty()) co_return paid;
  auto plans = co_await page.calls.Call(rpcs::kListPlans, spb::ListPlansRequest());
  if (plans.ok()) paid.plans = *std::move(plans);
  co_return paid;
}

void FillReceipts(const Paid& paid, TemplateDictionary& values) {
  const bool first = paid.page_token.empty();
  if (paid.payments.ok() && paid.payments->payments().empty() && first) return;
  TemplateDictionary& receipts = *values.AddSectionDictionary("RECEIPTS");
  if (!first) receipts.ShowSection("NEWEST");
  if (!paid.payments.ok()) {
    receipts.ShowSection("AWAY");
    return;
  }
  for (const spb::Payment& payment : paid.payments->payments()) {
    FillReceipt(payment, paid.plans, *receipts.AddSectionDictionary("RECEIPT"));
  }
  const std::string& next = paid.payments->next_page_token();
  if (next.empty()) return;
  receipts.AddSectionDictionary("OLDER")->SetValue(
      "URL", absl::StrCat("/account?receipts=", QueryValue(next), "#receipts"));
}

// The newest payment, or nullptr if it is not among these.
const spb::Payment* NewestOf(const Paid& paid) {
  const bool known =
      paid.page_token.empty() && paid.payments.ok() && !paid.payments->payments().empty();
  return known ? &paid.payments->payments(0) : nullptr;
}

// Shows the membership, the running trial, or how to get one.
asio::awaitable<void> FillReading(Page& page, const absl::StatusOr<spb::Membership>& membership,
                                  const Paid& paid, TemplateDictionary& values) {
  if (membership.ok() && membership->entitled()) {
    FillMembership(page.site.words, *membership, paid.plans, NewestOf(paid), values);
    co_return;
  }
  const auto trial = co_await page.calls.Call(rpcs::kGetTrial, spb::GetTrialRequest());
  if (trial.ok() && trial->active()) {
    TemplateDictionary& running = *values.AddSectionDictionary("TRIAL");
    SetTime(running, "END", trial->end_time());
    SetTime(running, "NOW", trial->server_time());
  } else if (IsKnown(membership.status()) && IsKnown(trial.status())) {
    if (trial.ok()) values.ShowSection("TRIAL_OVER");
    values.ShowSection("FREE");
  } else {
    values.ShowSection("READING_AWAY");  // no offer of what the reader may have already
  }
}

std::string PathOf(const fpb::Follow& follow) {
  switch (follow.kind()) {
    case fpb::FOLLOW_KIND_CHANNEL: return absl::StrCat("/c/", follow.slug());
    case fpb::FOLLOW_KIND_AUTHOR: return absl::StrCat("/a/", follow.slug());
    default: return absl::StrCat("/t/", follow.slug());
  }
}

// One page of what is followed. Returns why it cannot be shown.
asio::awaitable<absl::Status> FillFollows(Page& page, TemplateDictionary& values) {
  fpb::ListFollowsRequest request;
  request.set_page_size(kFollowsPerPage);
  request.set_page_token(page.query.Get("follows"));
  const auto follows = co_await page.calls.Call(rpcs::kListFollows, request);
  if (!follows.ok()) {
    values.ShowSection("FOLLOWS_AWAY");
    co_return follows.status();
  }
  if (!request.page_token().empty()) {
    values.ShowSection("FIRST_FOLLOWS");
  } else if (follows->follows().empty()) {
    values.ShowSection("NO_FOLLOWS");
  }
  if (!follows->next_page_token().empty()) {
    values.AddSectionDictionary("MORE_FOLLOWS")
        ->SetValue("URL", absl::StrCat("/account?follows=", QueryValue(follows->next_page_token()),
                                       "#follows"));
  }
  for (const fpb::Follow& follow : follows->follows()) {
    TemplateDictionary& item = *values.AddSectionDictionary("FOLLOWED");
    item.SetValue("PATH", PathOf(follow));
    item.SetValue("NAME", follow.display_name());
    FillFollowButton(page.site.words, follow.kind(), follow.target_id(), follow.display_name(),
                     true, "/account", item);
  }
  co_return absl::OkStatus();
}

asio::awaitable<void> FillSessions(Page& page, TemplateDictionary& values) {
  const auto sessions = co_await page.calls.Call(rpcs::kListSessions, apb::ListSessionsRequest());
  if (!sessions.ok()) co_return;
  if (sessions->sessions_size() > 1) values.ShowSection("OTHERS");
  for (const apb::Session& session : sessions->sessions()) {
    TemplateDictionary& item = *values.AddSectionDictionary("SESSION");
    SetTime(item, "TIME", session.create_time());
    if (session.current()) {
      item.ShowSection("CURRENT");
    } else {
      item.AddSectionDictionary("OTHER")->SetValue("SESSION_ID", session.session_id());
    }
  }
}

PageAnswer ShowAccount(Page& page, const absl::Status refused) {
  const auto account = co_await page.calls.Call(rpcs::kGetAccount, apb::GetAccountRequest());
  if (!account.ok()) co_return page.Fail(account.status());
  TemplateDictionary& values = page.UseTemplate("account.tpl");
  values.SetValue("EMAIL", account->email());
  values.SetValue("ETAG", account->etag());
  values.SetValue("DISPLAY_NAME",
                  refused.ok() ? account->display_name() : page.form.Get("display_name"));
  values.SetValue("BIO", refused.ok() ? account->bio() : page.form.Get("bio"));
  if (account->mail_choices().trial_reminders()) values.ShowSection("TRIAL_REMINDERS");
  if (page.query.Has("saved")) {
    const bool password = page.query.Get("saved") == "password";
    values.AddSectionDictionary("SAVED")->SetValue(
        "TEXT", page.site.words.Get(password ? "PASSWORD_SAVED" : "ACCOUNT_SAVED"));
  }
  if (!refused.ok() &&
      !page.ShowFormErrors(refused, {{"account.display_name", "NAME"}, {"account.bio", "BIO"}},
                           values)) {
    co_return page.Fail(refused);
  }
  const auto membership =
      co_await page.calls.Call(rpcs::kGetMembership, spb::GetMembershipRequest());
  const Paid paid = co_await PaidBy(page, membership.status());
  if (IsPageTokenError(paid.payments.status())) co_return page.Redirect("/account#receipts");
  co_await FillReading(page, membership, paid, values);
  FillReceipts(paid, values);
  const absl::Status follows = co_await FillFollows(page, values);
  if (IsPageTokenError(follows)) co_return page.Redirect("/account#follows");
  co_await FillSessions(page, values);
  const std::string title = page.site.words.Get("NAV_ACCOUNT");
  co_return refused.ok() ? page.Show(title) : page.ShowAgain(title, refused);
}

PageAnswer AccountPage(Page& page) { co_return co_await ShowAccount(page, absl::OkStatus()); }

PageAnswer SaveAccount(Page& page) {
  apb::UpdateAccountRequest request;
  request.mutable_account()->set_display_name(page.form.Get("display_name"));
  request.mutable_account()->set_bio(page.form.Get("bio"));
  request.mutable_account()->set_etag(page.form.Get("etag"));
  request.mutable_update_mask()->add_paths("display_name");
  request.mutable_update_mask()->add_paths("bio");
  const auto account = co_await page.calls.Call(rpcs::kUpdateAccount, request);
  if (!account.ok()) co_return co_await ShowAccount(page, account.status());
  co_return page.Redirect("/account?saved=1");
}

PageAnswer SaveMails(Page& page) {
  apb::UpdateAccountRequest request;
  request.mutable_account()->mutable_mail_choices()->set_trial_reminders(
      page.form.Has("trial_reminders"));
  request.mutable_update_mask()->add_paths("mail_choices");
  const auto account = co_await page.calls.Call(rpcs::kUpdateAccount, request);
  if (!account.ok()) co_return page.Fail(account.status());
  co_return page.Redirect("/account?saved=1");
}

PageAnswer ShowPassword(Page& page, const absl::Status refused) {
  const auto account = co_await page.calls.Call(rpcs::kGetAccount, apb::GetAccountRequest());
  if (!account.ok()) co_return page.Fail(account.status());
  FormView form("/account/password", "PASSWORD_HEADING", "RESET_SET_BUTTON");
  form.Intro(page.site.words.Get("PASSWORD_INTRO")).Hidden("return", "/account/password");
  if (account->has_password()) {
    form.Add({.name = "current",
              .proto = "current_password",
              .label = "FIELD_CURRENT_PASSWORD",
              .type = "password",
              .autocomplete = "current-password",
              .max = 128});
    form.Link("/reset?return=/account", "LOGIN_FORGOTTEN");
  }
  form.Add(FormView::NewPassword());
  form.Link("/account", "FORM_CANCEL");
  co_return form.Show(page, refused);
}

PageAnswer PasswordPage(Page& page) { co_return co_await ShowPassword(page, absl::OkStatus()); }

PageAnswer ChangePassword(Page& page) {
  apb::ChangePasswordRequest request;
  request.set_current_password(page.form.Get("current"));
  request.set_new_password(page.form.Get("password"));
  const auto done = co_await page.calls.Call(rpcs::kChangePassword, request);
  if (done.ok()) co_return page.Redirect("/account?saved=password");
  absl::Status refused = done.status();
  if (ReasonOf(refused) == "PASSWORD_WRONG") {
    refused =
        InvalidField("current_password", "PASSWORD_WRONG", page.site.words.Get("PASSWORD_WRONG"));
  }
  co_return co_await ShowPassword(page, refused);
}

PageAnswer CancelMembership(Page& page) {
  const auto done =
      co_await page.calls.Call(rpcs::kCancelMembership, spb::CancelMembershipRequest());
  if (!done.ok()) co_return page.Fail(done.status());
  co_return page.Redirect("/account");
}

PageAnswer ResumeMembership(Page& page) {
  const auto done =
      co_await page.calls.Call(rpcs::kResumeMembership, spb::ResumeMembershipRequest());
  if (!done.ok()) co_return page.Fail(done.status());
  co_return page.Redirect("/account");
}

PageAnswer RevokeSession(Page& page) {
  apb::RevokeSessionRequest request;
  request.set_session_id(page.path.at("session"));
  const auto done = co_await page.calls.Call(rpcs::kRevokeSession, request);
  if (!done.ok()) co_return page.Fail(done.status());
  co_return page.Redirect("/account");
}

PageAnswer RevokeOtherSessions(Page& page) {
  const auto done =
      co_await page.calls.Call(rpcs::kRevokeOtherSessions, apb::RevokeOtherSessionsRequest());
  if (!done.ok()) co_return page.Fail(done.status());
  co_return page.Redirect("/account");
}

}  // namespace

void AddAccountPages(PageRoutes& routes) {
  routes.push_back({"GET", "/account", AccountPage});
  routes.push_back({"POST", "/account", SaveAccount});
  routes.push_back({"POST", "/account/mails", SaveMails});
  routes.push_back({"GET", "/account/password", PasswordPage});
  routes.push_back({"POST", "/account/password", ChangePassword});
  routes.push_back({"POST", "/account/log-out-others", RevokeOtherSessions});
  routes.push_back({"POST", "/account/cancel", CancelMembership});
  routes.push_back({"POST", "/account/resume", ResumeMembership});
  routes.push_back({"POST", "/account/sessions/{session}/revoke", RevokeSession});
}

}  // namespace rostrum::gateway
