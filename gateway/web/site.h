#pragma once

#include <string>
#include <vector>

#include "gateway/http/message.h"
#include "gateway/http/security_headers.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/limits.h"
#include "gateway/web/page.h"

namespace rostrum::gateway {

// The route of a page. `pattern` is a path whose segments may be variables:
// "/c/{channel}/{post}".
struct PageRoute {
  std::string method;  // "GET" (with HEAD) or "POST"
  std::string pattern;
  PageHandler handler;
};
using PageRoutes = std::vector<PageRoute>;

// Serves the pages, their assets and feeds: every path that is not the API's.
// Thread-safe.
class Site {
 public:
  Site(const SiteContext& context, CallerContexts& callers, Limits& limits,
       http::SecuritySettings security);

  asio::awaitable<http::HttpResponse> Handle(http::HttpRequest& request);

  // The page for a request that did not reach Handle.
  http::HttpResponse Refuse(const http::Refusal& refusal) const;

  // The largest form.
  static constexpr size_t kMaxFormBytes = 256 << 10;

 private:
  struct Match {
    const PageRoute* route = nullptr;
    std::map<std::string, std::string> variables;
    std::string other_methods;  // that this path allows: "GET, HEAD"
  };
  Match Find(const http::RequestHead& head, absl::string_view path) const;
  http::HttpResponse FailToFind(Page& page, const Match& match) const;
  asio::awaitable<http::HttpResponse> Answer(Page& page, const Match& match);

  const SiteContext context_;
  CallerContexts& callers_;
  Limits& limits_;
  const http::SecuritySettings security_;
  const PageRoutes routes_;
  std::vector<std::vector<std::string>> segments_;  // of each route's pattern
};

}  // namespace rostrum::gateway
