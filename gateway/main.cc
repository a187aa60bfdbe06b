#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "gateway/http/server.h"
#include "gateway/proxy/api.h"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/event_tail.h"
#include "gateway/proxy/gateway.h"
#include "gateway/proxy/identities.h"
#include "gateway/proxy/limits.h"
#include "gateway/proxy/request_log.h"
#include "gateway/public_services.h"
#include "gateway/settings.h"
#include "gateway/transcoding/openapi.h"
#include "gateway/transcoding/transcoder.h"
#include "gateway/web/live_events.h"
#include "gateway/web/site.h"
#include "gateway/web/site_parts.h"
#include "rostrum/account/v1/events.pb.h"
#include "rostrum_descriptors.h"
#include "services/common/base/log.h"
#include "services/common/base/process.h"
#include "services/common/base/settings.h"
#include "services/common/base/settings_help.h"
#include "services/common/base/signals.h"
#include "services/common/base/status.h"
#include "services/common/redis/throttle.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/metrics_endpoint.h"
#include "services/common/rpc/transport_security.h"
#include "services/common/trace/tracing.h"

namespace rostrum::gateway {
namespace {

constexpr absl::Duration kNoticeTime = absl::Seconds(1);

int Fail(const absl::Status& status) {
  std::cerr << status.message() << std::endl;
  return 1;
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
  RedisThrottle in_redis(redis, clock);
  LocalThrottle in_process(clock);
  http::BlockingPool blocking({});
  Limits limits(settings.limits, in_process, in_redis, blocking);
  SharedCalls shared_calls(backends, settings.shared_calls);
  Api api(settings.api, *transcoder, backends, shared_calls, callers, limits);
  const auto source = [&](const char* service) {
    return EventSource(service, backends.channel(service), signer, metrics);
  };
  const EventSource account = source("account");
  const EventSource comment = source("comment");
  const EventSource content = source("content");
  ASSIGN_OR_RETURN(
      const std::unique_ptr<SiteParts> parts,
      SiteParts::Load(settings.site, backends, shared_calls, content.caller, blocking, clock));
  Site site(parts->context(), callers, limits,
            {.hsts = settings.hsts, .form_origins = settings.browser.origins});
  Gateway gateway(
      {.hsts = settings.hsts, .openapi = std::move(openapi)}, api, backends,
      {.handle = [&site](http::HttpRequest& request) { return site.Handle(request); },
       .refuse = [&site](const http::Refusal& refusal) { return site.Refuse(refusal); }});

  const EventTail revocations(
      account,
      {.types = {account::v1::CredentialsRevoked::descriptor()->full_name()},
       .on_event = [&](const event::v1::Event& event) { ApplyRevocation(event, identities); },
       .missed = [&] { identities.DropAll(); }});

  settings.server.body_limit = [&transcoder](const http::RequestHead& head) {
    if (!absl::StartsWith(head.path, "/v1/")) return Site::kMaxFormBytes;
    return static_cast<size_t>(transcoder->MaxBodyBytes(head.method, head.path));
  };
  RequestLog observer(metrics);
  http::HttpServer server(settings.server, gateway, observer);
  // Destroyed before the server, because it notifies streams on the server's threads.
  const LiveEvents live_events(comment, content, parts->live(), parts->articles());
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
    ReadGatewaySettings(declared);
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
  GatewaySettings settings = ReadGatewaySettings(env);
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
