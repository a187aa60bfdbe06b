#include "services/common/service/service_main.h"

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common_migrations.h"
#include "services/common/base/log.h"
#include "services/common/base/process.h"
#include "services/common/base/settings_help.h"
#include "services/common/base/signals.h"
#include "services/common/base/status.h"
#include "services/common/events/epoch.h"
#include "services/common/postgres/idempotency.h"
#include "services/common/postgres/transaction.h"
#include "services/common/rpc/server.h"
#include "services/common/trace/tracing.h"

namespace rostrum {
namespace {

constexpr absl::Duration kKeepEvents = absl::Hours(24 * 7);
constexpr absl::Duration kMaintenance = absl::Minutes(1);
constexpr absl::Duration kAsk = absl::Seconds(1);
// If the database has not answered for this long, the service is not ready.
constexpr absl::Duration kSilence = absl::Seconds(3);

std::vector<MigrationSet> MigrationsOf(const ServiceDefinition& definition) {
  return {{"common", common_migrations::Files()}, {definition.name, definition.migrations}};
}

int Fail(const absl::Status& status) {
  std::cerr << status.message() << std::endl;
  return 1;
}

// The settings that every service has.
struct CommonSettings {
  PgOptions postgres;
  ServerOptions server;
  std::string tls_dir;
  std::string keyring_file;
  std::string key;
  std::string page_token_secret;
  LogLevel log_level;
  TraceSettings traces;
};

PgOptions ReadPostgresSettings(Settings& env) {
  return {.url = env.Secret("PG_URL", 1,
                            "The service's own database, as postgresql://user:password@host/name."),
          .pool_size = env.Int("PG_POOL", 16, 1, 500,
                               "Most connections to the database; one more asks whether it "
                               "answers.")};
}

CommonSettings ReadCommonSettings(Settings& env, const ServiceDefinition& definition) {
  CommonSettings settings;
  settings.postgres = ReadPostgresSettings(env);
  settings.server.address =
      env.String("LISTEN", absl::StrCat("0.0.0.0:", definition.default_port), "Address of gRPC.");
  settings.server.admin_address =
      env.String("ADMIN_LISTEN", "", "Address of /metrics, as host:port; empty: none.");
  settings.server.health_address = env.String(
      "HEALTH_LISTEN", "",
      "A further address that serves only gRPC health, always in plaintext; empty: none.");
  settings.tls_dir = TransportSecurity::ReadSetting(env);
  settings.server.reflection = env.Bool("REFLECTION", true, "Whether gRPC reflection is served.");
  settings.server.max_receive_bytes = definition.max_receive_bytes;
  settings.server.drain = env.Duration("DRAIN_TIMEOUT", absl::Seconds(30),
                                       "How long running calls may take after SIGTERM.");
  settings.keyring_file = env.Required(
      "IDENTITY_KEYRING_FILE",
      "File with the public keys of all programs, which rostrum-keys makes; read again when it "
      "changes.");
  settings.key = env.Secret(
      "IDENTITY_KEY", 1,
      "The program's own signing key, which rostrum-keys makes; give IDENTITY_KEY_FILE.");
  settings.log_level = ReadLogLevel(env);
  settings.traces = ReadTraceSettings(env);
  settings.page_token_secret =
      env.Secret("PAGE_TOKEN_SECRET", 32,
                 "Signs page tokens, at least 32 bytes; the same in all replicas of a service.");
  return settings;
}

// Builds what every service process has. FAILED_PRECONDITION or
// INVALID_ARGUMENT if the keys are not this service's.
absl::Status BuildEnvironment(const CommonSettings& settings, ServiceEnvironment& env) {
  ASSIGN_OR_RETURN(env.security, TransportSecurity::Open(settings.tls_dir, env.name, env.metrics));
  ASSIGN_OR_RETURN(env.keyring, KeyringFile::Open(settings.keyring_file, env.clock));
  ASSIGN_OR_RETURN(IdentitySigner signer, IdentitySigner::Parse(settings.key, env.clock));
  if (signer.issuer() != env.name) {
    return absl::FailedPreconditionError(
        absl::StrCat("IDENTITY_KEY is the key of ", signer.issuer(), ", not of ", env.name));
  }
  env.signer = std::make_unique<IdentitySigner>(std::move(signer));
  env.verifier = std::make_unique<IdentityVerifier>(env.name, *env.keyring, env.clock);
  env.runtime = std::make_unique<RpcRuntime>(
      RpcRuntime{env.name, *env.verifier, env.metrics, env.clock, env.security->mutual()});
  env.pool = std::make_unique<PgPool>(settings.postgres, env.metrics);
  env.page_tokens = std::make_unique<PageTokens>(settings.page_token_secret);
  return absl::OkStatus();
}

absl::Status Maintain(ServiceEnvironment& env) {
  // Both are done, even if one fails.
  absl::Status outbox = MaintainOutbox(*env.pool, env.clock.Now(), kKeepEvents, env.metrics);
  const absl::Status keys = PurgeIdempotencyKeys(*env.pool, env.clock.Now());
  outbox.Update(keys);
  return outbox;
}

// The background work of a service. It begins when the schema is complete; before that the
// service is not ready. On its own thread, so that a database that hangs does not keep the
// process from stopping.
class ServiceWork {
 public:
  ServiceWork(ServiceEnvironment& env, ServiceApp& app, std::vector<MigrationSet> schema)
      : env_(env), app_(app), schema_(std::move(schema)), asks_("readiness", kAsk, [this] {
          Ask();
          return absl::OkStatus();
        }) {}

  bool IsReady() const { return begun_ && env_.pool->SinceAnswer() < kSilence; }

  void Stop() {
    asks_.Stop();
    if (maintenance_ == nullptr) return;
    maintenance_->Stop();
    app_.Stop();
  }

 private:
  // noexcept, because Begin cannot be repeated: an exception ends the process.
  void Ask() noexcept {
    if (!begun_) Begin();
    if (begun_) env_.pool->Ping();
  }

  void Begin() {
    const absl::StatusOr<bool> migrated = IsMigrated(*env_.pool, schema_);
    if (!migrated.ok() || !*migrated) return LogWarning("waiting for the schema");
    app_.Start();
    maintenance_ =
        std::make_unique<Worker>("maintenance", kMaintenance, [this] { return Maintain(env_); });
    begun_ = true;
  }

  ServiceEnvironment& env_;
  ServiceApp& app_;
  const std::vector<MigrationSet> schema_;
  std::unique_ptr<Worker> maintenance_;
  std::atomic<bool> begun_{false};
  Worker asks_;  // last: it uses all of the above
};

int RunMigrate(const ServiceDefinition& definition) {
  Settings env;
  const PgOptions postgres = ReadPostgresSettings(env);
  if (absl::Status status = env.Check(); !status.ok()) return Fail(status);
  const absl::StatusOr<int> count = Migrate(postgres, MigrationsOf(definition));
  if (!count.ok()) return Fail(count.status());
  LogInfo("schema is up to date", {{"applied", *count}});
  return 0;
}

int RunRestored() {
  Settings env;
  PgOptions postgres = ReadPostgresSettings(env);
  if (absl::Status status = env.Check(); !status.ok()) return Fail(status);
  postgres.statement_timeout = absl::Minutes(10);
  Metrics metrics;
  PgPool pool(postgres, metrics);
  if (absl::Status status = BeginEpoch(pool); !status.ok()) return Fail(status);
  LogInfo("a new epoch of events has begun");
  return 0;
}

int RunServe(const ServiceDefinition& definition) {
  Settings settings;
  CommonSettings common = ReadCommonSettings(settings, definition);
  const ServiceDefinition::Build build = definition.configure(settings);
  if (absl::Status status = settings.Check(); !status.ok()) return Fail(status);

  InitLog(definition.name, common.log_level);
  ServiceEnvironment env;
  env.name = definition.name;
  const Tracing tracing(common.traces, definition.name, env.metrics);
  if (absl::Status status = BuildEnvironment(common, env); !status.ok()) return Fail(status);
  EventService events(*env.pool, env.outbox_signal, *env.runtime);
  const std::unique_ptr<ServiceApp> app = build(env);
  std::vector<grpc::Service*> services = app->services();
  services.push_back(&events);
  common.server.credentials = env.security->server();
  auto server = Server::Start(common.server, services, env.metrics);
  if (!server.ok()) return Fail(server.status());
  LogInfo("listening", {{"port", (*server)->port()}});

  ServiceWork work(env, *app, MigrationsOf(definition));
  ServeUntilStopped(**server, [&] { return work.IsReady(); });

  LogInfo("draining");
  (*server)->SetReady(false);
  events.Stop();
  (*server)->Shutdown();
  work.Stop();
  LogInfo("stopped");
  return 0;
}

// Declares everything without looking at values.
Settings DeclareAll(const ServiceDefinition& definition) {
  Settings settings(std::map<std::string, std::string>{});
  ReadCommonSettings(settings, definition);
  definition.configure(settings);
  return settings;
}

}  // namespace

ServiceApp::~ServiceApp() {
  // Their threads would use members of the derived class, which are gone by now.
  if (!workers_.empty() || !consumers_.empty()) std::abort();
}

void ServiceApp::Every(std::string name, absl::Duration interval,
                       std::function<absl::Status()> step) {
  workers_.push_back(std::make_unique<Worker>(std::move(name), interval, std::move(step)));
}

void ServiceApp::Consume(const EventSource& source, EventConsumer::Options options) {
  consumers_.push_back(std::make_unique<EventConsumer>(*env_.pool, source, std::move(options)));
}

void ServiceApp::StopWork() {
  workers_.clear();
  consumers_.clear();
}

int ServiceMain(int argc, char** argv, const ServiceDefinition& definition) {
  InitProcess(definition.name);
  const std::string command = argc > 1 ? argv[1] : "";
  if (argc == 2 && (command == "migrate" || command == "restored")) {
    UnblockStopSignals();  // both may wait for long, and may be interrupted and repeated
    return command == "migrate" ? RunMigrate(definition) : RunRestored();
  }
  if ((command == "--help" || command == "help") && argc == 2) {
    std::cout << HelpText(absl::StrCat("rostrum-", definition.name), definition.summary,
                          {{"", "serve until SIGTERM"},
                           {"migrate", "bring the schema up to date and exit"},
                           {"restored", "after a restore: have consumers read events anew"},
                           {"settings", "print every setting as JSON"},
                           {"metrics", "print every metric as JSON"},
                           {"--help", "print this"}},
                          DeclareAll(definition));
    return 0;
  }
  if (command == "settings" && argc == 2) {
    std::cout << SettingsJson(DeclareAll(definition)) << std::endl;
    return 0;
  }
  if (command == "metrics" && argc == 2) {
    std::cout << MetricFamiliesJson() << std::endl;
    return 0;
  }
  if (argc > 1) {
    std::cerr << "unknown argument: " << command << "; see --help" << std::endl;
    return 2;
  }
  return RunServe(definition);
}

}  // namespace rostrum
