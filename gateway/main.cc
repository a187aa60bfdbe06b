#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gateway/http/csrf.h"
#include "gateway/http/server.h"
#include "gateway/proxy/api.h"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/call_queue.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/event_tail.h"
#include "gateway/proxy/gateway.h"
#include "gateway/proxy/identities.h"
#include "gateway/proxy/limits.h"
#include "gateway/proxy/request_log.h"
#include "gateway/public_services.h"
#include "gateway/transcoding/openapi.h"
#include "gateway/transcoding/transcoder.h"
#include "gateway/web/ledger.h"
#include "gateway/web/live_events.h"
#include "gateway/web/site.h"
#include "rostrum/account/v1/events.pb.h"
#include "rostrum_descriptors.h"
#include "services/common/base/log.h"
#include "services/common/base/process.h"
#include "services/common/base/settings.h"
#include "services/common/base/settings_help.h"
#include "services/common/base/signals.h"
#include "services/common/base/status.h"
#include "services/common/redis/redis_settings.h"
#include "services/common/redis/throttle.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/metrics_endpoint.h"
#include "services/common/rpc/transport_security.h"
#include "services/common/trace/tracing.h"
#include "web_assets.h"
#include "web_ledgers.h"
#include "web_templates.h"
#include "web_words.h"

namespace rostrum::gateway {
namespace {

constexpr absl::Duration kNoticeTime = absl::Seconds(1);

struct GatewaySettings {
  http::HttpServerOptions server;
  std::string admin_address;
  std::map<std::string, std::string> targets;
  std::string tls_dir;
  BrowserSettings browser;
  RedisOptions redis;
  std::string signing_key;
  LimitSettings limits;
  LiveLimits live;
  ApiSettings api;
  absl::Duration drain;
  bool hsts;
  std::string site_name;
  std::string mail_folder;
  int article_cache_mib;
  LogLevel log_level;
  TraceSettings traces;
};

int Fail(const absl::Status& status) {
  std::cerr << status.message() << std::endl;
  return 1;
}

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
  for (const absl::string_view url : absl::StrSplit(urls, ',', absl::SkipEmpty())) {
    auto origin = http::ParseOrigin(url);
    if (!origin.ok()) {
      env.AddError(absl::StrCat("PUBLIC_URL: ", std::string(origin.status().message())));
    } else {
      browser.origins.push_back(*std::move(origin));
    }
  }
}

GatewaySettings ReadSettings(Settings& env) {
  GatewaySettings settings;
  ReadListen(env, settings.server);
  settings.server.threads = env.Int("THREADS", 2, 1, 256, "Threads that serve HTTP.");
  settings.server.max_connections =
      env.Int("MAX_CONNECTIONS", 4096, 1, 1'000'000, "Most open connections.");
  settings.server.max_connections_per_host = env.Int("MAX_CONNECTIONS_PER_HOST", 64, 1, 1'000'000,
                                                     "Most open connections of one address.");
  // The last quarter is left for requests, including those of probes.
  settings.live.all = static_cast<size_t>(settings.server.max_connections) * 3 / 4;
  settings.live.of_network = static_cast<size_t>(
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
    settings.targets[service] =
        env.Required(absl::StrCat(absl::AsciiStrToUpper(service), "_TARGET"),
                     absl::StrCat("Address of ", service, ", as host:port or a gRPC name."));
  }
  settings.tls_dir = TransportSecurity::ReadSetting(env);
  ReadOrigins(env, settings.browser);
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
  settings.api.read_timeout = env.Duration("READ_TIMEOUT", absl::Seconds(5), "Deadline of reads.");
  settings.api.write_timeout =
      env.Duration("WRITE_TIMEOUT", absl::Seconds(15), "Deadline of writes.");
  settings.drain = env.Duration("DRAIN_TIMEOUT", absl::Seconds(30),
                                "How long running requests may take after SIGTERM.");
  settings.hsts =
      env.Bool("HSTS", false, "Tell browsers to use only HTTPS; for sites that have it.");
  settings.site_name = env.String("SITE_NAME", "Rostrum", "Name of the site on every page.");
  settings.article_cache_mib = env.Int("ARTICLE_CACHE_MIB", 128, 0, 1 << 20,
                                       "Memory for articles that visitors read, in MiB.");
  settings.mail_folder = env.String(
      "DEMO_MAILDIR", "",
      "Folder of a mail catcher whose mails are shown at /demo/mails; never in production.");
  settings.log_level = ReadLogLevel(env);
  settings.traces = ReadTraceSettings(env);
  return settings;
}

// Drops the cached identities that account reports as revoked.
void ApplyRevocation(const event::v1::Event& event, Identities& identities) {
  account::v1::CredentialsRevoked revoked;
  if (!event.payload().UnpackTo(&revoked)) return;
  if (revoked.session_ids().empty() && revoked.token_ids().empty()) {
    identities.DropAccount(revoked.account_id());
  }
  for (const std::string& id : revoked.session_ids()) identities.DropSession(id);
  for (const std::string& id : revoked.token_ids()) identities.DropToken(id);
}

absl::Status Run(GatewaySettings settings) {
  SystemClock clock;
  Metrics metrics;
  const Tracing tracing(settings.traces, "gateway", metrics);
  ASSIGN_OR_RETURN(const IdentitySigner signer, IdentitySigner::Parse(settings.signing_key, clock));
  ASSIGN_OR_RETURN(const std::unique_ptr<Transcoder> transcoder,
                   Transcoder::Create(PublicServices()));
  ASSIGN_OR_RETURN(std::string openapi,
                   OpenApiDocument(descriptors::Files().at(0).bytes.ToString()));
  std::unique_ptr<prometheus::Exposer> exposer;
  if (!settings.admin_address.empty()) {
    ASSIGN_OR_RETURN(exposer, ServeMetrics(settings.admin_address, metrics));
  }

  ASSIGN_OR_RETURN(const std::unique_ptr<TransportSecurity> security,
                   TransportSecurity::Open(settings.tls_dir, "gateway", metrics));
  Backends backends(settings.targets, security->channel(), metrics);
  Identities identities(backends, clock);
  CallerContexts callers(settings.browser, identities, clock);
  Redis redis(settings.redis, metrics);
  RedisThrottle shared(redis, clock);
  LocalThrottle local(clock);
  http::BlockingPool blocking({});
  Limits limits(settings.limits, local, shared, blocking);
  Api api(settings.api, *transcoder, backends, callers, limits);
  ASSIGN_OR_RETURN(const Words words, Words::Parse(web_words::Files().at(0).bytes.ToString()));
  Templates templates;
  RETURN_IF_ERROR(templates.Load(web_templates::Files(), words));
  ASSIGN_OR_RETURN(const std::vector<Ledger> ledgers, ParseLedgers(web_ledgers::Files()));
  const http::StaticFiles assets("/assets/", web_assets::Files());
  LiveHub live(settings.live, clock);
  const ServiceCaller content_caller(signer, "content", absl::Seconds(5), metrics);
  VisitorReads reads(backends, content_caller);
  ArticleCache articles(static_cast<size_t>(settings.article_cache_mib) << 20, clock);
  CallQueue sitemap_turns(1);
  Site site({.words = words,
             .templates = templates,
             .assets = assets,
             .backends = backends,
             .clock = clock,
             .live = live,
             .name = settings.site_name,
             .public_url = settings.browser.origins.front(),
             .mail_folder = settings.mail_folder,
             .blocking = blocking,
             .reads = reads,
             .articles = articles,
             .sitemap_turns = sitemap_turns,
             .ledgers = ledgers},
            callers, limits, settings.hsts);
  Gateway gateway({.hsts = settings.hsts, .openapi = std::move(openapi)}, api, backends,
                  [&site](http::HttpRequest& request) { return site.Handle(request); });

  const ServiceCaller account_caller(signer, "account", absl::Seconds(5), metrics);
  const EventTail revocations(
      backends.channel("account"), account_caller,
      {.producer = "account",
       .types = {account::v1::CredentialsRevoked::descriptor()->full_name()},
       .on_event = [&](const event::v1::Event& event) { ApplyRevocation(event, identities); },
       .missed = [&] { identities.DropAll(); }});

  settings.server.body_limit = [&transcoder](const http::RequestHead& head) {
    if (!absl::StartsWith(head.path, "/v1/")) return Site::kMaxFormBytes;
    return static_cast<size_t>(transcoder->MaxBodyBytes(head.method, head.path));
  };
  RequestLog observer(metrics);
  http::HttpServer server(settings.server, gateway, observer);
  // Destroyed before the server, because it notifies streams on the server's threads.
  const LiveEvents live_events(backends, signer, metrics, live, articles);
  RETURN_IF_ERROR(server.Start());
  LogInfo("listening", {{"port", server.port()}});
  WaitForStopSignal();

  LogInfo("draining");
  gateway.Drain();
  server.Drain();
  absl::SleepFor(kNoticeTime);  // for load balancers to notice
  server.Stop(settings.drain, [&] {
    backends.CancelAll();
    blocking.Stop();
  });
  LogInfo("stopped");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "--help" || command == "help" || command == "settings") {
    Settings declared(std::map<std::string, std::string>{});
    ReadSettings(declared);
    std::cout << (command == "settings"
                      ? SettingsJson(declared) + "\n"
                      : HelpText("rostrum-gateway", "HTTP for browsers and programs.",
                                 {{"", "serve until SIGTERM"},
                                  {"settings", "print every setting as JSON"},
                                  {"metrics", "print every metric as JSON"},
                                  {"--help", "print this"}},
                                 declared));
    return 0;
  }
  if (command == "metrics") {
    std::cout << MetricFamiliesJson() << std::endl;
    return 0;
  }
  if (argc > 1) {
    std::cerr << "unknown argument: " << command << "; see --help" << std::endl;
    return 2;
  }
  Settings env;
  GatewaySettings settings = ReadSettings(env);
  if (absl::Status status = env.Check(); !status.ok()) return Fail(status);
  InitLog("gateway", settings.log_level);
  const absl::Status status = Run(std::move(settings));
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace rostrum::gateway

int main(int argc, char** argv) {
  rostrum::InitProcess("gateway");
  return rostrum::gateway::Main(argc, argv);
}
