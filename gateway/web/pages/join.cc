#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/ids.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace spb = rostrum::subscription::v1;

std::string PriceOf(const spb::Money& money) {
  return absl::StrFormat("%s %d.%02d", money.currency_code(), money.minor_units() / 100,
                         money.minor_units() % 100);
}

PageAnswer ShowPlans(Page& page, const absl::Status status) {
  const auto plans = co_await page.calls.Call(rpcs::kListPlans, spb::ListPlansRequest());
  if (!plans.ok()) co_return page.Fail(plans.status());
  const Words& words = page.site.words;
  ctemplate::TemplateDictionary& values = page.UseTemplate("join.tpl");
  if (page.query.Has("used")) {
    values.AddSectionDictionary("NOTE")->SetValue("TEXT", words.Get("JOIN_TRIAL_USED"));
  }
  if (!status.ok()) ShowFormError(std::string(status.message()), values);
  for (const spb::Plan& plan : plans->plans()) {
    ctemplate::TemplateDictionary& item = *values.AddSectionDictionary("PLAN");
    item.SetValue("PLAN_ID", plan.plan_id());
    item.SetValue("NAME", plan.display_name());
    item.SetValue("PRICE", PriceOf(plan.price()));
    item.SetValue("PERIOD",
                  words.Get(plan.period() == spb::BILLING_PERIOD_MONTH ? "PER_MONTH" : "PER_YEAR"));
    item.SetValue("RETURN", page.ReturnPath("/account"));
    item.SetValue("REQUEST", NewUuid(page.site.clock.Now()));
  }
  const std::string title = words.Get("JOIN_HEADING");
  co_return status.ok() ? page.Show(title) : page.ShowAgain(title, status);
}

PageAnswer JoinPage(Page& page) { co_return co_await ShowPlans(page, absl::OkStatus()); }

PageAnswer Join(Page& page) {
  if (!page.SignedIn()) {
    // The sign-up leads back to the plans by itself.
    const std::string back = page.ReturnPath("/account");
    co_return page.Redirect(absl::StrCat("/start?for=join&return=", QueryValue(back)));
  }
  spb::CreateCheckoutRequest request;
  request.set_plan_id(page.form.Get("plan"));
  request.set_return_path(page.ReturnPath("/account"));
  request.set_request_id(page.form.Get("request"));
  const auto checkout = co_await page.calls.Call(rpcs::kCreateCheckout, request);
  if (!checkout.ok()) {
    if (ReasonOf(checkout.status()) == "ALREADY_MEMBER") co_return page.Redirect("/account");
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
    decided.SetValue("PATH", paid ? back : absl::StrCat("/join?return=", QueryValue(back)));
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
