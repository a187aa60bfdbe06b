#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/web/page.h"

namespace rostrum::gateway {

struct SiteSettings {
  std::string name;
  std::string public_url;   // without a slash at the end
  std::string mail_folder;  // of the demo's mail catcher; empty for none
  size_t cache_bytes = 0;   // for articles and pages
  LiveLimits live;
};

// What all requests for pages share: the files in the binary, and what is kept in memory.
// Thread-safe.
class SiteParts {
 public:
  // The references must outlive this. `gateway` proves to content that the gateway calls.
  // Errors are those of the files.
  static absl::StatusOr<std::unique_ptr<SiteParts>> Load(const SiteSettings& settings,
                                                         Backends& backends, SharedCalls& shared,
                                                         const ServiceCaller& gateway,
                                                         http::BlockingPool& blocking,
                                                         Clock& clock);

  SiteContext context();
  LiveHub& live() { return live_; }
  ArticleCache& articles() { return articles_; }

 private:
  SiteParts(const SiteSettings& settings, Words words, std::vector<Ledger> ledgers,
            Backends& backends, SharedCalls& shared, const ServiceCaller& gateway,
            http::BlockingPool& blocking, Clock& clock);

  const SiteSettings settings_;
  const Words words_;
  const std::vector<Ledger> ledgers_;
  Backends& backends_;
  SharedCalls& shared_;
  http::BlockingPool& blocking_;
  Clock& clock_;
  const http::StaticFiles assets_;
  Templates templates_;
  LiveHub live_;
  VisitorReads reads_;
  ArticleCache articles_;
  CallQueue sitemap_turns_{1};
};

}  // namespace rostrum::gateway
