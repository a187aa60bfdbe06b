#include "gateway/web/site_parts.h"

#include <utility>

#include "services/common/base/status.h"
#include "web_assets.h"
#include "web_ledgers.h"
#include "web_templates.h"
#include "web_words.h"

namespace rostrum::gateway {

absl::StatusOr<std::unique_ptr<SiteParts>> SiteParts::Load(const SiteSettings& settings,
                                                           Backends& backends, SharedCalls& shared,
                                                           const ServiceCaller& gateway,
                                                           http::BlockingPool& blocking,
                                                           Clock& clock) {
  ASSIGN_OR_RETURN(Words words, Words::Parse(web_words::Files().at(0).bytes.ToString()));
  ASSIGN_OR_RETURN(std::vector<Ledger> ledgers, ParseLedgers(web_ledgers::Files()));
  std::unique_ptr<SiteParts> parts(new SiteParts(settings, std::move(words), std::move(ledgers),
                                                 backends, shared, gateway, blocking, clock));
  RETURN_IF_ERROR(parts->templates_.Load(web_templates::Files(), parts->words_));
  return parts;
}

SiteParts::SiteParts(const SiteSettings& settings, Words words, std::vector<Ledger> ledgers,
                     Backends& backends, SharedCalls& shared, const ServiceCaller& gateway,
                     http::BlockingPool& blocking, Clock& clock)
    : settings_(settings),
      words_(std::move(words)),
      ledgers_(std::move(ledgers)),
      backends_(backends),
      shared_(shared),
      blocking_(blocking),
      clock_(clock),
      assets_("/assets/", web_assets::Files()),
      live_(settings.live, clock),
      reads_(backends, gateway),
      articles_(settings.cache_bytes, clock) {}

SiteContext SiteParts::context() {
  return {.words = words_,
          .templates = templates_,
          .assets = assets_,
          .backends = backends_,
          .clock = clock_,
          .live = live_,
          .name = settings_.name,
          .public_url = settings_.public_url,
          .mail_folder = settings_.mail_folder,
          .blocking = blocking_,
          .reads = reads_,
          .shared = shared_,
          .articles = articles_,
          .sitemap_turns = sitemap_turns_,
          .ledgers = ledgers_};
}

}  // namespace rostrum::gateway
