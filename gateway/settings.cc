#include "gateway/settings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/http/csrf.h"
#include "services/common/redis/redis_settings.h"
#include "services/common/rpc/transport_security.h"

namespace rostrum::gateway {
namespace {

// Splits "host:port".
void ReadListen(Settings& env, http::HttpServerOptions& server) {
  const std::string listen = env.String("LISTEN", "0.0.0.0:8080", "Address of HTTP.");
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || !absl::SimpleAtoi(listen.substr(colon + 1), &server.port)) {
    env.AddError("LISTEN: not host:port");
    return;
  }
  server.address = listen.substr(0, colon);
}

void ReadOrigins(Settings& env, BrowserSettings& browser) {
  const std::string urls = env.Required(
      "PUBLIC_URL",
      "Where readers find the site, such as https://example.org; several separated by commas.");
  bool any = false;
  for (const absl::string_view url : absl::StrSplit(urls, ',', absl::SkipEmpty())) {
    any = true;
    auto origin = http::ParseOrigin(url);
    if (!origin.ok()) {
      env.AddError(absl::StrCat("PUBLIC_URL: ", std::string(origin.status().message())));
    } else {
      browser.origins.push_back(*std::move(origin));
    }
  }
  if (!urls.empty() && !any) env.AddError("PUBLIC_URL: holds no address");
}

}  // namespace

GatewaySettings ReadGatewaySettings(Settings& env) {
  GatewaySettings settings;
  ReadListen(env, settings.server);
  settings.server.threads = env.Int("THREADS", 2, 1, 256, "Threads that serve HTTP.");
  settings.server.max_connections =
      env.Int("MAX_CONNECTIONS", 4096, 1, 1'000'000, "Most open connections.");
  settings.server.max_connections_per_host = env.Int("MAX_CONNECTIONS_PER_HOST", 64, 1, 1'000'000,
                                                     "Most open connections of one address.");
  // The last quarter is left for requests, including those of probes.
  settings.site.live.all = static_cast<size_t>(settings.server.max_connections) * 3 / 4;
  settings.site.live.of_network = static_cast<size_t>(
      env.Int("MAX_STREAMS_PER_NETWORK", 256, 1, 1'000'000,
              "Most open event streams of visitors of one network; an account may have 32, and all "
              "together three quarters of MAX_CONNECTIONS."));
  settings.server.idle_timeout = env.Duration(
      "IDLE_TIMEOUT", settings.server.idle_timeout,
      "How long a connection waits for a request; must be longer than proxies keep theirs.");
  const auto proxies = http::CidrList::Parse(
      env.String("TRUSTED_PROXIES", "", "Networks of proxies whose X-Forwarded-For is believed."));
  if (proxies.ok()) {
    settings.server.trusted_proxies = *proxies;
  } else {
    env.AddError(absl::StrCat("TRUSTED_PROXIES: ", std::string(proxies.status().message())));
  }
  settings.admin_address =
      env.String("ADMIN_LISTEN", "", "Address of /metrics, as host:port; empty: none.");
  for (const char* service : {"account", "subscription", "content", "feed", "comment"}) {
    settings.targets[service] = ReadTarget(env, service);
  }
  settings.tls_dir = TransportSecurity::ReadSetting(env);
  ReadOrigins(env, settings.browser);
  if (!settings.browser.origins.empty()) {
    settings.site.public_url = settings.browser.origins.front();
  }
  settings.browser.cookies.secure =
      env.Bool("COOKIE_SECURE", true,
               "Secure cookies; false only for development over plain HTTP on loopback.");
  settings.browser.network_secret = env.Secret(
      "NETWORK_KEY_SECRET", 32,
      "Keys the hashes by which requests of a network are counted for an hour, at least 32 bytes; "
      "the same in all gateways.");
  settings.redis = ReadRedisCacheOptions(env);
  settings.signing_key =
      env.Secret("IDENTITY_KEY", 1, "The gateway's own signing key; give IDENTITY_KEY_FILE.");
  settings.limits.reads.burst =
      env.Int("RATE_READS", 1200, 1, 10'000'000, "Reads of one account or network in a minute.");
  settings.limits.writes.burst =
      env.Int("RATE_WRITES", 240, 1, 10'000'000, "Writes of one account or network in a minute.");
  settings.api.read_timeout = env.Duration(
      "READ_TIMEOUT", absl::Seconds(5),
      "Deadline of reads over the API; of a call that many requests share, three quarters of it, "
      "at most 3.75 s.");
  // Who comes while a call is under way waits for the next as well.
  settings.shared_calls.limits.call_time =
      std::min(TurnLimits().call_time, settings.api.read_timeout * 3 / 4);
  settings.api.write_timeout =
      env.Duration("WRITE_TIMEOUT", absl::Seconds(15), "Deadline of writes.");
  settings.drain = env.Duration("DRAIN_TIMEOUT", absl::Seconds(30),
                                "How long running requests may take after SIGTERM.");
  settings.hsts =
      env.Bool("HSTS", false, "Tell browsers to use only HTTPS; for sites that have it.");
  settings.site.name = env.String("SITE_NAME", "Rostrum", "Name of the site on every page.");
  const size_t cache =
      static_cast<size_t>(env.Int("ARTICLE_CACHE_MIB", 256, 0, 1 << 20,
                                  "Memory for articles and lists that visitors read, in MiB."))
      << 20;
  // There are many more articles than lists.
  settings.shared_calls.answer_bytes = cache / 16;
  settings.shared_calls.made_bytes = cache / 8;
  settings.site.cache_bytes =
      cache - settings.shared_calls.answer_bytes - settings.shared_calls.made_bytes;
  settings.site.mail_folder = env.String(
      "DEMO_MAILDIR", "",
      "Folder of a mail catcher whose mails are shown at /demo/mails; never in production.");
  settings.log_level = ReadLogLevel(env);
  settings.traces = ReadTraceSettings(env);
  return settings;
}

}  // namespace rostrum::gateway
