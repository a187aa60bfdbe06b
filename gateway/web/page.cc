#include "gateway/web/page.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gateway/transcoding/http_status.h"
#include "gateway/web/refusal_words.h"
#include "services/common/base/local_path.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

constexpr absl::Duration kCallTime = absl::Seconds(5);
// For all calls of a page together, which may run one after the other: proxies wait for 30
// seconds.
constexpr absl::Duration kPageTime = absl::Seconds(15);
// Browsers keep a page, and ask each time whether it is the same.
constexpr char kAskAgain[] = "private, no-cache";

bool IsLocal(const std::string& path) {
  FieldChecks checks;
  CheckReturnPath(checks, path, "return");
  return !path.empty() && checks.status().ok();
}

// Pages show a timeout as 503, which says when to try again.
int CodeOf(const absl::Status& status) {
  const int code = HttpStatusOf(status);
  return code == 504 ? 503 : code;
}

// Whether a redirect to `path` stays on this site, whatever its query is.
bool StaysHere(const std::string& path) { return IsLocal(path.substr(0, path.find('?'))); }

void AddRetryAfter(const ErrorDetails& details, http::HttpResponse& response) {
  if (response.status != 429 && response.status != 503) return;
  const absl::Duration after = details.retry_after.value_or(absl::ZeroDuration());
  response.headers.Set("Retry-After", absl::StrCat(RetryAfterSeconds(after)));
}

std::string ExpandLayout(const SiteContext& site, const std::string& title,
                         ctemplate::TemplateDictionary& layout) {
  layout.SetValue("SITE_NAME", site.name);
  layout.SetValue("PAGE_TITLE", title.empty() ? site.name : absl::StrCat(title, " · ", site.name));
  layout.SetValue("ASSETS", site.assets.Folder());
  return site.templates.Expand("layout.tpl", layout);
}

bool HasWordsFor(const Words& words, int code) {
  return words.Has(absl::StrCat("ERROR_", code, "_HEADING"));
}

http::HttpResponse HtmlResponse(int status, const char* cache_control) {
  http::HttpResponse response;
  response.status = status;
  response.headers.Set("Content-Type", "text/html; charset=utf-8");
  response.headers.Set("Cache-Control", cache_control);
  return response;
}

// Fills error.tpl with the words for `code`. Returns the heading.
std::string FillError(const Words& words, int code, ctemplate::TemplateDictionary& values) {
  const std::string heading = words.Get(absl::StrCat("ERROR_", code, "_HEADING"));
  values.SetIntValue("CODE", code);
  values.SetValue("HEADING", heading);
  values.SetValue("ADVICE", words.Get(absl::StrCat("ERROR_", code, "_ADVICE")));
  return heading;
}

}  // namespace

http::HttpResponse RefusalPage(const SiteContext& site, const http::Refusal& refusal) {
  int words = refusal.status;
  if (!HasWordsFor(site.words, words)) words = words < 500 ? 400 : 500;
  ctemplate::TemplateDictionary layout("layout");
  ctemplate::TemplateDictionary& values = *layout.AddIncludeDictionary("BODY");
  values.SetFilename("error.tpl");
  const std::string heading = FillError(site.words, words, values);
  values.SetIntValue("CODE", refusal.status);
  http::HttpResponse response = HtmlResponse(refusal.status, "no-store");
  response.body = ExpandLayout(site, heading, layout);
  return response;
}

void ShowFormError(const std::string& text, ctemplate::TemplateDictionary& form) {
  form.AddSectionDictionary("FORM_ERROR")->SetValue("ERROR", text);
}

std::string FieldError(const ErrorDetails& details, const std::string& field) {
  for (const FieldViolation& violation : details.violations) {
    if (violation.field == field) return violation.description;
  }
  return "";
}

bool IsPageTokenError(const absl::Status& status) {
  const ErrorDetails details = DetailsOf(status);
  return details.violations.size() == 1 && details.violations[0].field == "page_token";
}

bool IsFormError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kNotFound:
      return ReasonOf(status) != "LOGIN_REQUIRED" && HttpStatusOf(status) < 500;
    default: return false;
  }
}

Page::Page(const SiteContext& site, http::HttpRequest& request, CallerContext& caller)
    : site(site),
      request(request),
      caller(caller),
      calls(site.backends, site.shared, caller, kCallTime, kPageTime) {}

bool Page::IsLoadedAhead() const {
  const std::string* purpose = request.headers.Find("Sec-Purpose");
  return purpose != nullptr && absl::StrContains(*purpose, "prefetch");
}

std::string Page::ReturnPath(const std::string& otherwise) const {
  const std::string& wanted = form.Has("return") ? form.Get("return") : query.Get("return");
  return IsLocal(wanted) ? wanted : otherwise;
}

std::string Page::WayBack() const { return request.method == "POST" ? ReturnPath("/") : here(); }

ctemplate::TemplateDictionary& Page::Layout() {
  return layout_.has_value() ? *layout_ : layout_.emplace("layout");
}

ctemplate::TemplateDictionary& Page::UseTemplate(const std::string& file) {
  if (body == nullptr) body = Layout().AddIncludeDictionary("BODY");
  body->SetFilename(file);
  return *body;
}

void Page::Describe(const std::string& text) {
  Layout().AddSectionDictionary("DESCRIPTION")->SetValue("TEXT", text);
  described_ = true;
}

std::string Page::Expand(const std::string& title) {
  ctemplate::TemplateDictionary& layout = Layout();
  layout.SetValue("RETURN_QUERY", QueryValue(WayBack()));
  if (!described_) Describe(site.words.Get("SITE_DESCRIPTION"));
  if (SignedIn()) {
    ctemplate::TemplateDictionary* reader = layout.AddSectionDictionary("READER");
    reader->SetValue("READER_NAME", caller.identity->display_name);
  } else {
    layout.ShowSection("VISITOR");
  }
  return ExpandLayout(site, title, layout);
}

StoredResponsePtr Page::Render(const std::string& title) { return StoreText(Expand(title)); }

StoredResponsePtr Page::RenderWith(const std::vector<std::string>& placeholders,
                                   const std::string& title) {
  http::HttpResponse response = HtmlResponse(200, kAskAgain);
  response.body = Expand(title);
  return std::make_shared<const StoredResponse>(std::move(response), placeholders);
}

bool Page::IsForAll(const std::string& path) const { return !SignedIn() && request.target == path; }

StoredResponsePtr Page::FindMade(const std::string& path) const {
  return IsForAll(path) ? site.shared.made().Find(path, calls.shared_numbers()) : nullptr;
}

http::HttpResponse Page::KeepMade(const std::string& path, StoredResponsePtr made) {
  if (IsForAll(path)) site.shared.made().Keep(path, calls.shared_numbers(), made);
  return made->Answer(request);
}

http::HttpResponse Page::Show(const std::string& title, int status) {
  if (status == 200 && request.method != "POST") return Render(title)->Answer(request);
  http::HttpResponse response = HtmlResponse(status, kAskAgain);
  response.body = Expand(title);
  return response;
}

http::HttpResponse Page::ShowHead() {
  http::HttpResponse response = HtmlResponse(200, kAskAgain);
  // The length is not known, which a body of none would say.
  response.stream = [](http::StreamWriter&) -> asio::awaitable<void> { co_return; };
  return response;
}

http::HttpResponse Page::ShowAgain(const std::string& title, const absl::Status& status) {
  const bool wrong = IsFormError(status) && !absl::IsResourceExhausted(status);
  http::HttpResponse response = Show(title, wrong ? 400 : CodeOf(status));
  AddRetryAfter(DetailsOf(status), response);
  return response;
}

http::HttpResponse Page::Redirect(const std::string& path) {
  http::HttpResponse response;
  response.status = 303;
  response.headers.Set("Location", StaysHere(path) ? path : "/");
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

std::string Page::WithQuery(const std::string& path) const {
  return request.query.empty() ? path : absl::StrCat(path, "?", request.query);
}

http::HttpResponse Page::Moved(const std::string& path) {
  http::HttpResponse response = Redirect(WithQuery(path));
  response.status = 308;
  // Not for shared caches: a visitor's pass may go with it.
  response.headers.Set("Cache-Control", "private, max-age=60");
  return response;
}

http::HttpResponse Page::AskToLogIn(const std::string& path) {
  return Redirect(absl::StrCat("/login?needed=1&return=", QueryValue(path)));
}

http::HttpResponse Page::Fail(const absl::Status& status) {
  if (ReasonOf(status) == "LOGIN_REQUIRED") {
    return AskToLogIn(WayBack());
  }
  int code = CodeOf(status);
  if (!HasWordsFor(site.words, code)) code = 500;
  ctemplate::TemplateDictionary& values = UseTemplate("error.tpl");
  const std::string heading = FillError(site.words, code, values);
  values.AddSectionDictionary("REQUEST")->SetValue("ID", caller.request_id);
  http::HttpResponse response = Show(heading, code);
  response.headers.Set("Cache-Control", "no-store");
  const ErrorDetails details = DetailsOf(status);
  if (const auto allow = details.metadata.find("allow"); allow != details.metadata.end()) {
    response.headers.Set("Allow", allow->second);
  }
  AddRetryAfter(details, response);
  return response;
}

http::HttpResponse Page::ShowPart(const std::string& file) {
  http::HttpResponse response = HtmlResponse(200, "private, no-store");
  response.body = site.templates.Expand(file, UseTemplate(file));
  return response;
}

bool Page::ShowFormErrors(const absl::Status& status, const FieldNames& names,
                          ctemplate::TemplateDictionary& form) {
  const ErrorDetails details = DetailsOf(status);
  bool shown = false;
  for (const auto& [field, name] : names) {
    const std::string error = FieldError(details, field);
    if (error.empty()) continue;
    form.AddSectionDictionary(absl::StrCat(name, "_ERROR"))->SetValue("ERROR", error);
    shown = true;
  }
  const bool is_form = shown || IsFormError(status);
  if (is_form) {
    ShowFormError(shown ? site.words.Get("FORM_LOOK_AGAIN") : RefusalWords(site.words, status),
                  form);
  }
  return is_form;
}

std::string IsoTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%-d %B %Y, %H:%M UTC", time, absl::UTCTimeZone());
}

void SetTime(ctemplate::TemplateDictionary& values, const std::string& name, absl::Time time) {
  values.SetValue(absl::StrCat(name, "_ISO"), IsoTime(time));
  values.SetValue(name, TimeText(time));
}

void SetTime(ctemplate::TemplateDictionary& values, const std::string& name,
             const google::protobuf::Timestamp& time) {
  SetTime(values, name, FromProtoTime(time));
}

std::string QueryValue(absl::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    if (absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~' || c == '/') {
      out += static_cast<char>(c);
    } else {
      out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return out;
}

}  // namespace rostrum::gateway
