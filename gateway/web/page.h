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
#include "gateway/proxy/call_queue.h"
#include "gateway/proxy/shared_calls.h"
#include "gateway/proxy/stored_response.h"
#include "gateway/web/article_cache.h"
#include "gateway/web/calls.h"
#include "gateway/web/dictionary.h"
#include "gateway/web/form.h"
#include "gateway/web/ledger.h"
#include "gateway/web/live_hub.h"
#include "gateway/web/templates.h"
#include "gateway/web/visitor_reads.h"
#include "gateway/web/words.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/common/base/clock.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {

// What every page handler can use.
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
  SharedCalls& shared;
  ArticleCache& articles;
  CallQueue& sitemap_turns;  // one sitemap is made at a time
  const std::vector<Ledger>& ledgers;
};

// One request for a page, and its response while it is made. A handler fills `body` (the
// values of its template), then returns one of the responses below.
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

  // Set if the sign-up cookie is to change: the id of the sign-up, or empty to delete the
  // cookie.
  std::optional<std::string> keep_sign_up;

  // Whether the browser loads the page in case that the reader will open it (prefetch, prerender).
  bool IsLoadedAhead() const;
  bool SignedIn() const { return caller.identity != nullptr; }
  // Path and query of this page, to come back to.
  const std::string& here() const { return request.target; }
  // The form's or query's "return", if it is a path on this site, else `otherwise`.
  std::string ReturnPath(const std::string& otherwise) const;
  // Where a login that begins on this page leads back to.
  std::string WayBack() const;

  // The values of the layout around the page's own template. Made on first use, because a
  // cached page needs none.
  ctemplate::TemplateDictionary& Layout();

  // The page's own template, filled in through `body`.
  ctemplate::TemplateDictionary& UseTemplate(const std::string& file);

  // The description for search engines and link previews. Without it, that of the site.
  void Describe(const std::string& text);

  // Renders the page without sending it, for pages that are cached.
  StoredResponsePtr Render(const std::string& title);
  // The same for a page that is different for each reader where it has `placeholders`.
  StoredResponsePtr RenderWith(const std::vector<std::string>& placeholders,
                               const std::string& title);
  // The page at `path` that was made of the same answers of CallShared. Null if there is none,
  // or if this page is not the one for all (IsForAll).
  StoredResponsePtr FindMade(const std::string& path) const;
  // Keeps a page that is made of nothing but answers of CallShared, if it is the one for all.
  // Answers with it.
  http::HttpResponse KeepMade(const std::string& path, StoredResponsePtr made);
  // The page as HTML, or 304 if the browser has the same page already. `title` is put
  // before the name of the site.
  http::HttpResponse Show(const std::string& title, int status = 200);
  // The answer to HEAD of a page that is not rendered for it.
  http::HttpResponse ShowHead();
  // 303: the browser goes on to `path`, on this site, with GET.
  http::HttpResponse Redirect(const std::string& path);
  // `path` with the query of this page.
  std::string WithQuery(const std::string& path) const;
  // 308: this page has the address `path`, on this site, with the same query. Kept for a
  // minute only, because an address may come back.
  http::HttpResponse Moved(const std::string& path);
  // 303 to the login, which leads back to `path`.
  http::HttpResponse AskToLogIn(const std::string& path);
  // A page whose form was refused or could not be submitted, with the HTTP status of the
  // error.
  http::HttpResponse ShowAgain(const std::string& title, const absl::Status& status);
  // An error page, or a redirect to the login if the page needs an account.
  http::HttpResponse Fail(const absl::Status& status);
  // A part of a page alone, which a script inserts.
  http::HttpResponse ShowPart(const std::string& file);

  // Fills in the errors of a form: {{#NAME_ERROR}} once for each invalid field, and FORM_ERROR
  // for the whole form. True if the error is about the form; other errors are for Fail.
  // `names` maps field paths of the proto to names in the template.
  using FieldNames = std::vector<std::pair<std::string, std::string>>;
  bool ShowFormErrors(const absl::Status& status, const FieldNames& names,
                      ctemplate::TemplateDictionary& form);

 private:
  std::string Expand(const std::string& title);
  // False if it shows a reader, or has a query, with which it has other ways back. Also if the
  // request wrote its address in another way than `path`: there are many ways, and each would
  // take a place in the cache.
  bool IsForAll(const std::string& path) const;

  std::optional<ctemplate::TemplateDictionary> layout_;
  bool described_ = false;
};

// The error page for a request of which nothing is known but why it was refused.
http::HttpResponse RefusalPage(const SiteContext& site, const http::Refusal& refusal);

// Fills in what is wrong with a form as a whole.
void ShowFormError(const std::string& text, ctemplate::TemplateDictionary& form);

// What is wrong with a field, or empty: the first thing, since a page shows one of them.
std::string FieldError(const ErrorDetails& details, const std::string& field);

// Whether a link to another page of a list is not valid, such as one of another release.
bool IsPageTokenError(const absl::Status& status);

// Whether an error can be corrected in the form.
bool IsFormError(const absl::Status& status);

using PageAnswer = asio::awaitable<http::HttpResponse>;
using PageHandler = std::function<PageAnswer(Page&)>;

// "2026-11-23T12:00:00Z".
std::string IsoTime(absl::Time time);
// "23 November 2026, 12:00 UTC".
std::string TimeText(absl::Time time);

// Sets NAME_ISO for <time datetime>, and NAME for people; a script replaces the latter by
// the time in the language and zone of the reader.
void SetTime(ctemplate::TemplateDictionary& values, const std::string& name,
             const google::protobuf::Timestamp& time);
void SetTime(ctemplate::TemplateDictionary& values, const std::string& name, absl::Time time);

// Percent-encodes a value for a query.
std::string QueryValue(absl::string_view text);

}  // namespace rostrum::gateway
