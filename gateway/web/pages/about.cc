#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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
    if (promise == absl::string_view("TRACKING")) item.ShowSection("LEDGER");
  }
  co_return page.Show(words.Get("PRINCIPLES_HEADING"));
}

const char* NameOf(LedgerEntry::Kind kind) {
  switch (kind) {
    case LedgerEntry::Kind::kTable: return "LEDGER_TABLE";
    case LedgerEntry::Kind::kRedisKey: return "LEDGER_REDIS_KEY";
    case LedgerEntry::Kind::kCookie: return "LEDGER_COOKIE";
  }
  return "LEDGER_TABLE";
}

void ShowEntry(const LedgerEntry& entry, const Words& words, ctemplate::TemplateDictionary& item) {
  item.SetValue("NAME", entry.name);
  item.SetValue("KIND", words.Get(NameOf(entry.kind)));
  item.SetValue("MEANING", entry.meaning);
  item.SetValue("KEPT", entry.kept);
  if (entry.columns.empty()) return;
  ctemplate::TemplateDictionary& table = *item.AddSectionDictionary("TABLE");
  for (const LedgerEntry::Columns& columns : entry.columns) {
    ctemplate::TemplateDictionary& row = *table.AddSectionDictionary("COLUMNS");
    row.SetValue("NAMES", columns.names);
    row.SetValue("MEANING", columns.meaning);
  }
}

PageAnswer LedgerPage(Page& page) {
  const Words& words = page.site.words;
  ctemplate::TemplateDictionary& values = page.UseTemplate("ledger.tpl");
  for (const Ledger& ledger : page.site.ledgers) {
    ctemplate::TemplateDictionary& part = *values.AddSectionDictionary("PART");
    part.SetValue("ID", absl::StrCat("stored-", ledger.program));
    part.SetValue("NAME",
                  words.Get(absl::StrCat("LEDGER_PART_", absl::AsciiStrToUpper(ledger.program))));
    for (const LedgerEntry& entry : ledger.entries) {
      ShowEntry(entry, words, *part.AddSectionDictionary("ENTRY"));
    }
  }
  co_return page.Show(words.Get("LEDGER_HEADING"));
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
  routes.push_back({"GET", "/privacy/ledger", LedgerPage});
  routes.push_back({"GET", "/demo/mails", MailsPage});
}

}  // namespace rostrum::gateway
