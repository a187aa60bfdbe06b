#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gateway/http/blocking_pool.h"
#include "gateway/http/message.h"
#include "gateway/http/static_files.h"
#include "gateway/web/article_cache.h"
#include "gateway/web/calls.h"
#include "gateway/web/dictionary.h"
#include "gateway/web/form.h"
#include "gateway/web/live_hub.h"
#include "gateway/web/stored_page.h"
#include "gateway/web/templates.h"
#include "gateway/web/visitor_reads.h"
#include "gateway/web/words.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/common/base/clock.h"

namespace rostrum::gateway {

// What every page has at hand.
struct SiteContext {
  const Words& words;
  const Templates& templates;
  const http::StaticFiles& assets;
  Backends& backends;
  Clock& clock;
  LiveHub& live;
  std::string name;         // of the site
  std::string public_url;   // without a slash at the end
  std::string mail_folder;  // of the demo's mail catcher; empty for none
  http::BlockingPool& blocking;
  VisitorReads& reads;
  ArticleCache& articles;
};

// One request for a page, and the answer in the making. A handler fills
// `body` (the template's own values), then returns one of the answers below.
class Page {
 public:
  Page(const SiteContext& site, http::HttpRequest& request, CallerContext& caller);

  const SiteContext& site;
  http::HttpRequest& request;
  CallerContext& caller;
  Form query;
  Form form;                                // of a POST
  std::map<std::string, std::string> path;  // variables of the route
  Calls calls;
  ctemplate::TemplateDictionary* body = nullptr;  // set by the first UseTemplate

  // What the browser is to keep of a sign-up: its id, or nothing any more.
  std::optional<std::string> keep_sign_up;

  bool SignedIn() const { return caller.identity != nullptr; }
  // Path and query of this page, to come back to.
  const std::string& here() const { return request.target; }
  // The form's or query's "return", if it is a path on this site, else `otherwise`.
  std::string ReturnPath(const std::string& otherwise) const;

  // The values of what is around the page's own template. Made when they are first asked
  // for: a page that is kept needs none.
  ctemplate::TemplateDictionary& Layout();

  // The page's own template, filled in through `body`.
  ctemplate::TemplateDictionary& UseTemplate(const std::string& file);

  // What search engines and link previews say of the page; without it, what the
  // site is.
  void Describe(const std::string& text);

  // The page as HTML, all but sent: for pages that are kept.
  std::shared_ptr<const StoredPage> Render(const std::string& title);
  // The page as HTML. A reader who has it already gets 304. `title` stands before the site's name.
  http::HttpResponse Show(const std::string& title, int status = 200);
  // 303: look there next, with GET. `path` is on this site.
  http::HttpResponse Redirect(const std::string& path);
  // A page with a form that was refused or could not be sent, with the status for that.
  http::HttpResponse ShowAgain(const std::string& title, const absl::Status& status);
  // An error page, or the way to the login for what needs an account.
  http::HttpResponse Fail(const absl::Status& status);
  // A part of a page alone, for scripts to put in.
  http::HttpResponse ShowPart(const std::string& file);
  // What is not HTML (feeds).
  http::HttpResponse Send(const std::string& content_type, std::string text);

  // Fills a form's errors in: {{#NAME_ERROR}} for each field at fault, and
  // FORM_ERROR for the whole. True if the error is one of the form; others are
  // for Fail. `names` are the proto's field paths and the template's names.
  using FieldNames = std::vector<std::pair<std::string, std::string>>;
  bool ShowFormErrors(const absl::Status& status, const FieldNames& names,
                      ctemplate::TemplateDictionary& form);

 private:
  std::string Expand(const std::string& title);

  std::optional<ctemplate::TemplateDictionary> layout_;
  bool described_ = false;
};

// Whether a person can do something about an error right there, in the form.
bool IsOfTheForm(const absl::Status& status);

using PageAnswer = asio::awaitable<http::HttpResponse>;
using PageHandler = std::function<PageAnswer(Page&)>;

// NAME_ISO for <time datetime> and NAME for people; scripts put it into the
// reader's language and zone.
void SetTime(ctemplate::TemplateDictionary& values, const std::string& name,
             const google::protobuf::Timestamp& time);
void SetTime(ctemplate::TemplateDictionary& values, const std::string& name, absl::Time time);

// Percent-encodes a value for a query.
std::string QueryValue(absl::string_view text);

}  // namespace rostrum::gateway
