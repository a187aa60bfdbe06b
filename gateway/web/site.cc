#include "gateway/web/site.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/security_headers.h"
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

bool IsRead(const std::string& method) { return method == "GET" || method == "HEAD"; }

}  // namespace

Site::Site(const SiteContext& context, CallerContexts& callers, Limits& limits, bool hsts)
    : context_(context), callers_(callers), limits_(limits), hsts_(hsts), routes_(AllPages()) {
  for (const PageRoute& route : routes_) segments_.push_back(absl::StrSplit(route.pattern, '/'));
}

Site::Match Site::Find(const http::HttpRequest& request) const {
  Match match;
  const std::vector<absl::string_view> segments = absl::StrSplit(request.path, '/');
  for (size_t i = 0; i < routes_.size(); ++i) {
    const PageRoute& route = routes_[i];
    auto variables = Matches(segments_[i], segments);
    if (!variables.has_value()) continue;
    if (route.method != (IsRead(request.method) ? "GET" : request.method)) {
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
    http::AddSecurityHeaders(http::ContentKind::kAsset, hsts_, *asset);
    co_return *std::move(asset);
  }
  const Match match = Find(request);
  CallerContext caller;
  const absl::Status read = co_await callers_.Read(request, caller);
  Page page(context_, request, caller);
  http::HttpResponse response;
  if (!read.ok()) {
    response = page.Fail(read);
  } else if (absl::Status limit = co_await limits_.Check(caller, IsRead(request.method));
             !limit.ok()) {
    response = page.Fail(limit);
  } else {
    auto answer = co_await Caught(Answer(page, match), caller);
    response = answer.ok() ? *std::move(answer) : page.Fail(answer.status());
  }
  response.route = match.route == nullptr ? "none" : match.route->pattern;
  caller.Sign(response);
  // Forbids the training of models with the content, in the ways that exist for it.
  response.headers.Set("TDM-Reservation", "1");
  response.headers.Set("X-Robots-Tag", "noai, noimageai");
  callers_.ApplyCookies(page.calls.metadata(), caller, response);
  if (page.keep_sign_up.has_value()) callers_.KeepSignUp(*page.keep_sign_up, response);
  http::AddSecurityHeaders(http::ContentKind::kPage, hsts_, response);
  co_return response;
}

asio::awaitable<http::HttpResponse> Site::Answer(Page& page, const Match& match) {
  if (match.route == nullptr) {
    co_return page.Fail(
        match.other_methods.empty()
            ? Error(absl::StatusCode::kNotFound, "PAGE_NOT_FOUND", "there is no such page")
            : Error(absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED",
                    "the page does not have this method", {{"allow", match.other_methods}}));
  }
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
