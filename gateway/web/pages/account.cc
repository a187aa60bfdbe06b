#include "absl/strings/str_cat.h"
#include "gateway/web/account_view.h"
#include "gateway/web/article_view.h"
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

// Whether the service answered that the thing exists or that it does not.
bool IsKnown(const absl::Status& status) { return status.ok() || absl::IsNotFound(status); }

// Shows the membership, the running trial, or how to get one.
asio::awaitable<void> FillReading(Page& page, TemplateDictionary& values) {
  const auto membership =
      co_await page.calls.Call(rpcs::kGetMembership, spb::GetMembershipRequest());
  if (membership.ok() && membership->entitled()) {
    FillMembership(page.site.words, *membership, values);
    co_return;
  }
  const auto trial = co_await page.calls.Call(rpcs::kGetTrial, spb::GetTrialRequest());
  if (trial.ok() && trial->active()) {
    TemplateDictionary& running = *values.AddSectionDictionary("TRIAL");
    SetTime(running, "END", trial->end_time());
    SetTime(running, "NOW", trial->server_time());
  } else if (IsKnown(membership.status()) && IsKnown(trial.status())) {
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
  if (page.query.Has("saved")) values.ShowSection("SAVED");
  if (!refused.ok() &&
      !page.ShowFormErrors(refused, {{"account.display_name", "NAME"}, {"account.bio", "BIO"}},
                           values)) {
    co_return page.Fail(refused);
  }
  co_await FillReading(page, values);
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

}  // namespace

void AddAccountPages(PageRoutes& routes) {
  routes.push_back({"GET", "/account", AccountPage});
  routes.push_back({"POST", "/account", SaveAccount});
  routes.push_back({"POST", "/account/mails", SaveMails});
  routes.push_back({"POST", "/account/cancel", CancelMembership});
  routes.push_back({"POST", "/account/resume", ResumeMembership});
  routes.push_back({"POST", "/account/sessions/{session}/revoke", RevokeSession});
}

}  // namespace rostrum::gateway
