#include "absl/strings/str_cat.h"
#include "gateway/http/blocking_pool.h"
#include "gateway/web/caught_mail.h"
#include "gateway/web/pages/pages.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

constexpr int kShownMails = 30;

PageAnswer PrinciplesPage(Page& page) {
  const Words& words = page.site.words;
  ctemplate::TemplateDictionary& values = page.UseTemplate("principles.tpl");
  for (const char* promise : {"TRACKING", "ALGORITHMS", "CENSORSHIP", "AI"}) {
    ctemplate::TemplateDictionary& item = *values.AddSectionDictionary("PROMISE");
    item.SetValue("NAME", words.Get(absl::StrCat("PROMISE_", promise)));
    item.SetValue("WHAT", words.Get(absl::StrCat("PROMISE_", promise, "_WHAT")));
    item.SetValue("CHECK", words.Get(absl::StrCat("PROMISE_", promise, "_CHECK")));
  }
  co_return page.Show(words.Get("PRINCIPLES_HEADING"));
}

// The mails that the local stack caught. Only if a setting names their folder.
PageAnswer MailsPage(Page& page) {
  if (page.site.mail_folder.empty()) {
    co_return page.Fail(
        Error(absl::StatusCode::kNotFound, "PAGE_NOT_FOUND", "there is no such page"));
  }
  const std::string folder = page.site.mail_folder;
  const std::string url = page.site.public_url;
  auto read = [folder, url]() -> absl::StatusOr<std::vector<CaughtMail>> {
    return ReadMaildir(folder, url, kShownMails);
  };
  const auto mails = co_await page.site.blocking.Run(std::move(read));
  if (!mails.ok()) co_return page.Fail(mails.status());
  ctemplate::TemplateDictionary& values = page.UseTemplate("mails.tpl");
  if (mails->empty()) values.ShowSection("NONE");
  for (const CaughtMail& mail : *mails) {
    ctemplate::TemplateDictionary& item = *values.AddSectionDictionary("MAIL");
    item.SetValue("TO", mail.to);
    item.SetValue("SUBJECT", mail.subject);
    item.SetValue("DATE", mail.date);
    item.SetValue("TEXT", mail.text);
    if (!mail.link_path.empty()) {
      item.AddSectionDictionary("LINK")->SetValue("PATH", mail.link_path);
    }
  }
  co_return page.Show(page.site.words.Get("MAILS_HEADING"));
}

}  // namespace

void AddAboutPages(PageRoutes& routes) {
  routes.push_back({"GET", "/principles", PrinciplesPage});
  routes.push_back({"GET", "/demo/mails", MailsPage});
}

}  // namespace rostrum::gateway
