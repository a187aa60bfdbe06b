#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/web/form_view.h"
#include "gateway/web/message_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/plan_view.h"
#include "gateway/web/refusal_words.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/ids.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace spb = rostrum::subscription::v1;

// The plan that was chosen before, perhaps before signing up, comes first.
std::vector<const spb::Plan*> InOrder(const spb::ListPlansResponse& plans,
                                      const std::string& chosen) {
  std::vector<const spb::Plan*> ordered;
  for (const spb::Plan& plan : plans.plans()) ordered.push_back(&plan);
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](const spb::Plan* plan) { return plan->plan_id() == chosen; });
  return ordered;
}

PageAnswer ShowPlans(Page& page, const absl::Status status) {
  const auto plans = co_await page.calls.Call(rpcs::kListPlans, spb::ListPlansRequest());
  if (!plans.ok()) co_return page.Fail(plans.status());
  const Words& words = page.site.words;
  ctemplate::TemplateDictionary& values = page.UseTemplate("join.tpl");
  if (page.query.Has("used")) {
    values.AddSectionDictionary("NOTE")->SetValue("TEXT", words.Get("JOIN_TRIAL_USED"));
  }
  if (!status.ok()) ShowFormError(RefusalWords(words, status), values);
  const std::string& chosen =
      page.form.Has("plan") ? page.form.Get("plan") : page.query.Get("plan");
  for (const spb::Plan* plan : InOrder(*plans, chosen)) {
    ctemplate::TemplateDictionary& item = *values.AddSectionDictionary("PLAN");
    if (plan->plan_id() == chosen) item.ShowSection("CHOSEN");
    item.SetValue("PLAN_ID", plan->plan_id());
    item.SetValue("NAME", plan->display_name());
    item.SetValue("PRICE", PriceOf(plan->price()));
    item.SetValue("PERIOD", PeriodOf(words, *plan));
    item.SetValue("RETURN", page.ReturnPath("/account"));
    item.SetValue("REQUEST", NewUuid(page.site.clock.Now()));
  }
  const std::string title = words.Get("JOIN_HEADING");
  co_return status.ok() ? page.Show(title) : page.ShowAgain(title, status);
}

// What members get instead of the plans. Who has to pay again to stay gets the plans.
asio::awaitable<std::optional<http::HttpResponse>> AnswerMember(Page& page) {
  const auto membership =
      co_await page.calls.Call(rpcs::kGetMembership, spb::GetMembershipRequest());
  if (!membership.ok() || !membership->entitled()) co_return std::nullopt;
  if (membership->state() == spb::MEMBERSHIP_STATE_ACTIVE) {
    co_return ShowMessage(page, "JOIN_MEMBER_HEADING", "JOIN_MEMBER_TEXT", "/account",
                          "NAV_ACCOUNT");
  }
  if (membership->state() != spb::MEMBERSHIP_STATE_CANCELLED) co_return std::nullopt;
  FormView form("/account/resume", "JOIN_CANCELLED_HEADING", "MEMBER_RESUME");
  form.Intro(page.site.words.Get("JOIN_CANCELLED_TEXT")).Link("/account", "NAV_ACCOUNT");
  co_return form.Show(page);
}

PageAnswer JoinPage(Page& page) {
  if (page.SignedIn()) {
    std::optional<http::HttpResponse> answer = co_await AnswerMember(page);
    if (answer.has_value()) co_return *std::move(answer);
  }
  co_return co_await ShowPlans(page, absl::OkStatus());
}

PageAnswer Join(Page& page) {
  const std::string back = page.ReturnPath("/account");
  if (!page.SignedIn()) {
    // The sign-up leads back to the plans by itself.
    co_return page.Redirect(absl::StrCat("/start?for=join&plan=", QueryValue(page.form.Get("plan")),
                                         "&return=", QueryValue(back)));
  }
  spb::CreateCheckoutRequest request;
  request.set_plan_id(page.form.Get("plan"));
  request.set_return_path(back);
  request.set_request_id(page.form.Get("request"));
  const auto checkout = co_await page.calls.Call(rpcs::kCreateCheckout, request);
  if (!checkout.ok()) {
    if (ReasonOf(checkout.status()) == "ALREADY_MEMBER") co_return page.Redirect(PlansPath(back));
    co_return co_await ShowPlans(page, checkout.status());
  }
  // The provider's page may be on another site.
  http::HttpResponse response = page.Redirect("/");
  response.headers.Set("Location", checkout->checkout_url());
  co_return response;
}

std::string PaymentPath(const spb::TestPayment& payment) {
  return absl::StrCat("/test-payments/", payment.payment_id());
}

http::HttpResponse ShowPayment(Page& page, const spb::TestPayment& payment) {
  const Words& words = page.site.words;
  ctemplate::TemplateDictionary& values = page.UseTemplate("test_payment.tpl");
  values.SetValue("PAYMENT_ID", payment.payment_id());
  values.SetValue("PRICE", PriceOf(payment.amount()));
  values.SetValue("WHAT", payment.description());
  if (payment.state() == spb::CHECKOUT_STATE_OPEN) {
    values.ShowSection("OPEN");
  } else {
    const bool paid = payment.state() == spb::CHECKOUT_STATE_COMPLETED;
    ctemplate::TemplateDictionary& decided = *values.AddSectionDictionary("DECIDED");
    decided.SetValue("TEXT", words.Get(paid ? "PAY_APPROVED" : "PAY_DECLINED"));
    const std::string& back = payment.return_path();
    decided.SetValue("PATH", paid ? back : PlansPath(back));
    const std::string on = back == "/account" ? "NAV_ACCOUNT" : "GO_ON_READING";
    decided.SetValue("WAY", words.Get(paid ? on : "PAY_GO_BACK"));
  }
  return page.Show(words.Get("PAY_HEADING"));
}

PageAnswer PaymentPage(Page& page) {
  spb::GetTestPaymentRequest request;
  request.set_payment_id(page.path.at("payment"));
  const auto payment = co_await page.calls.Call(rpcs::kGetTestPayment, request);
  if (!payment.ok()) co_return page.Fail(payment.status());
  co_return ShowPayment(page, *payment);
}

PageAnswer ApprovePayment(Page& page) {
  spb::ApproveTestPaymentRequest request;
  request.set_payment_id(page.path.at("payment"));
  request.set_fail_renewals(page.form.Has("fail"));
  const auto payment = co_await page.calls.Call(rpcs::kApproveTestPayment, request);
  if (!payment.ok()) co_return page.Fail(payment.status());
  co_return page.Redirect(PaymentPath(*payment));
}

PageAnswer DeclinePayment(Page& page) {
  spb::DeclineTestPaymentRequest request;
  request.set_payment_id(page.path.at("payment"));
  const auto payment = co_await page.calls.Call(rpcs::kDeclineTestPayment, request);
  if (!payment.ok()) co_return page.Fail(payment.status());
  co_return page.Redirect(PaymentPath(*payment));
}

}  // namespace

void AddJoinPages(PageRoutes& routes) {
  routes.push_back({"GET", "/join", JoinPage});
  routes.push_back({"POST", "/join", Join});
  routes.push_back({"GET", "/test-payments/{payment}", PaymentPage});
  routes.push_back({"POST", "/test-payments/{payment}", ApprovePayment});
  routes.push_back({"POST", "/test-payments/{payment}/decline", DeclinePayment});
}

}  // namespace rostrum::gateway
