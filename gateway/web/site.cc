#include "gateway/web/site.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gateway/proxy/error_response.h"
#include "gateway/transcoding/percent_decoding.h"
#include "gateway/web/pages/pages.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

// The variables of a path that has the pattern's shape, else nullopt.
std::optional<std::map<std::string, std::string>> Matches(
    const std::vector<std::string>& wanted, const std::vector<absl::string_view>& given) {
  if (wanted.size() != given.size()) return std::nullopt;
  std::map<std::string, std::string> variables;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].empty() || wanted[i][0] != '{') {
      if (wanted[i] != given[i]) return std::nullopt;
      continue;
    }
    auto value = PercentDecode(given[i], Decoding::kSegment);
    if (!value.ok() || value->empty()) return std::nullopt;
    variables[std::string(absl::string_view(wanted[i]).substr(1, wanted[i].size() - 2))] =
        *std::move(value);
  }
  return variables;
}

}  // namespace

Site::Site(const SiteContext& context, CallerContexts& callers, Limits& limits,
           http::SecuritySettings security)
    : context_(context),
      callers_(callers),
      limits_(limits),
      security_(std::move(security)),
      routes_(AllPages()) {
  for (const PageRoute& route : routes_) segments_.push_back(absl::StrSplit(route.pattern, '/'));
}

Site::Match Site::Find(const http::RequestHead& head, absl::string_view path) const {
  Match match;
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  for (size_t i = 0; i < routes_.size(); ++i) {
    const PageRoute& route = routes_[i];
    auto variables = Matches(segments_[i], segments);
    if (!variables.has_value()) continue;
    if (route.method != (head.is_read() ? "GET" : head.method)) {
      const char* methods = route.method == "GET" ? "GET, HEAD" : route.method.c_str();
      absl::StrAppend(&match.other_methods, match.other_methods.empty() ? "" : ", ", methods);
      continue;
    }
    match.route = &route;
    match.variables = *std::move(variables);
    return match;
  }
  return match;
}

asio::awaitable<http::HttpResponse> Site::Handle(http::HttpRequest& request) {
  if (auto asset = context_.assets.Serve(request); asset.has_value()) {
    asset->route = "/assets";
    http::AddSecurityHeaders(http::ContentKind::kAsset, security_, *asset);
    co_return *std::move(asset);
  }
  const Match match = Find(request, request.path);
  CallerContext caller;
  const absl::Status read = co_await callers_.Read(request, caller);
  Page page(context_, request, caller);
  http::HttpResponse response;
  if (!read.ok()) {
    response = page.Fail(read);
  } else if (absl::Status limit = co_await limits_.Check(caller, request.is_read()); !limit.ok()) {
    response = page.Fail(limit);
  } else {
    auto answer = co_await Caught(Answer(page, match), caller);
    response = answer.ok() ? *std::move(answer) : page.Fail(answer.status());
  }
  response.route = match.route == nullptr ? "none" : match.route->pattern;
  caller.Sign(response);
  callers_.ApplyCookies(page.calls.metadata(), caller, response);
  if (page.keep_sign_up.has_value()) callers_.KeepSignUp(*page.keep_sign_up, response);
  http::AddSecurityHeaders(http::ContentKind::kPage, security_, response);
  co_return response;
}

http::HttpResponse Site::Refuse(const http::Refusal& refusal) const {
  http::HttpResponse response = RefusalPage(context_, refusal);
  http::AddSecurityHeaders(http::ContentKind::kPage, security_, response);
  return response;
}

http::HttpResponse Site::FailToFind(Page& page, const Match& match) const {
  if (!match.other_methods.empty()) {
    return page.Fail(Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED",
                           "the page does not have this method", {{"allow", match.other_methods}}));
  }
  // Other software ends its addresses in a slash, and links to them outlive it.
  absl::string_view path = page.request.path;
  if (page.request.is_read() && absl::ConsumeSuffix(&path, "/") &&
      Find(page.request, path).route != nullptr) {
    return page.Moved(std::string(path));
  }
  return page.Fail(Error(absl::StatusCode::kNotFound, "PAGE_NOT_FOUND", "there is no such page"));
}

asio::awaitable<http::HttpResponse> Site::Answer(Page& page, const Match& match) {
  if (match.route == nullptr) co_return FailToFind(page, match);
  auto query = Form::Parse(page.request.query);
  if (!query.ok()) co_return page.Fail(query.status());
  page.query = *std::move(query);
  if (page.request.method == "POST") {
    auto form = Form::Parse(page.request.body);
    if (!form.ok()) co_return page.Fail(form.status());
    page.form = *std::move(form);
  }
  page.path = match.variables;
  co_return co_await match.route->handler(page);
}

}  // namespace rostrum::gateway
