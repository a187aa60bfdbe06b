#include "services/common/rpc/server.h"

#include <ctime>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/impl/server_builder_plugin.h"
#include "grpcpp/impl/server_initializer.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "services/common/base/log.h"
#include "services/common/base/signals.h"
#include "services/common/base/status.h"
#include "services/common/rpc/metrics_endpoint.h"

namespace rostrum {
namespace {

constexpr char kReflectionPlugin[] = "proto_server_reflection";
// The health of the process alone: SERVING as long as it answers, even if a dependency is
// down. Liveness probes, which restart the process, ask for this.
constexpr char kLiveness[] = "liveness";

constexpr absl::Duration kReadiness = absl::Milliseconds(100);

// Learns the full names of the services that the server has.
class ServiceNamesPlugin final : public grpc::ServerBuilderPlugin {
 public:
  explicit ServiceNamesPlugin(std::vector<std::string>* names) : names_(names) {}
  std::string name() override { return "service_names"; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer* server) override { *names_ = *server->GetServiceList(); }
  void ChangeArguments(const std::string&, void*) override {}

 private:
  std::vector<std::string>* names_;
};

// Linking the reflection library turns reflection on for every server of the
// process; this removes it from servers that should not have it.
class PluginsOption final : public grpc::ServerBuilderOption {
 public:
  PluginsOption(bool reflection, std::vector<std::string>* names)
      : reflection_(reflection), names_(names) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    if (!reflection_) {
      std::erase_if(*plugins,
                    [](const auto& plugin) { return plugin->name() == kReflectionPlugin; });
    }
    plugins->push_back(std::make_unique<ServiceNamesPlugin>(names_));
  }

 private:
  const bool reflection_;
  std::vector<std::string>* names_;
};

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 5 * 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 30 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Our own channels ping every five seconds.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 2 * 1000);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_receive_bytes));
  grpc::ResourceQuota quota("rostrum");
  quota.SetMaxThreads(options.max_threads);
  builder.SetResourceQuota(quota);
  // How many threads may wait for the next call (in each of gRPC's queues); further ones end
  // after their call. With gRPC's default, two, nearly every call that has to wait for
  // something would cost a new thread.
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 32);
}

// Every server has the health service (EnableDefaultHealthCheckService), but none starts
// without a service of its own: `other` is one without calls.
std::unique_ptr<grpc::Server> StartHealthServer(const std::string& address,
                                                grpc::CallbackGenericService* other, int* port) {
  std::vector<std::string> names;
  grpc::ServerBuilder builder;
  builder.SetOption(std::make_unique<PluginsOption>(/*reflection=*/false, &names));
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), port);
  builder.RegisterCallbackGenericService(other);
  SetLimits({.max_threads = 16, .max_receive_bytes = 4 << 10}, builder);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  return *port != 0 ? std::move(server) : nullptr;
}

}  // namespace

struct Server::Admin {
  std::vector<std::string> service_names;
  std::unique_ptr<prometheus::Exposer> exposer;
  grpc::CallbackGenericService unknown;
};

Server::Server() : admin_(std::make_unique<Admin>()) {}

Server::~Server() { Shutdown(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      std::vector<grpc::Service*> services,
                                                      Metrics& metrics) {
  std::unique_ptr<Server> server(new Server);
  server->drain_ = options.drain;
  if (!options.admin_address.empty()) {
    ASSIGN_OR_RETURN(server->admin_->exposer, ServeMetrics(options.admin_address, metrics));
  }
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetOption(
      std::make_unique<PluginsOption>(options.reflection, &server->admin_->service_names));
  builder.AddListeningPort(options.address, options.credentials, &server->port_);
  for (grpc::Service* service : services) builder.RegisterService(service);
  SetLimits(options, builder);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || server->port_ == 0) {
    return absl::UnavailableError("cannot listen at " + options.address);
  }
  if (!options.health_address.empty()) {
    server->health_server_ =
        StartHealthServer(options.health_address, &server->admin_->unknown, &server->health_port_);
    if (server->health_server_ == nullptr) {
      return absl::UnavailableError("cannot serve health at " + options.health_address);
    }
  }
  server->SetReady(false);
  return server;
}

void Server::SetReady(bool ready) {
  for (grpc::Server* server : {server_.get(), health_server_.get()}) {
    if (server == nullptr) continue;
    grpc::HealthCheckServiceInterface* health = server->GetHealthCheckService();
    health->SetServingStatus(kLiveness, true);
    health->SetServingStatus("", ready);
    for (const std::string& name : admin_->service_names) health->SetServingStatus(name, ready);
  }
}

void Server::Shutdown() {
  if (server_ == nullptr) return;
  SetReady(false);
  server_->Shutdown(absl::ToChronoTime(absl::Now() + drain_));
  server_->Wait();
  server_.reset();
  // Last, so that a probe does not fail while calls are still finished.
  if (health_server_ != nullptr) {
    health_server_->Shutdown(absl::ToChronoTime(absl::Now()));
    health_server_->Wait();
    health_server_.reset();
  }
}

void ServeUntilStopped(Server& server, const std::function<bool()>& ready) {
  bool was_ready = false;
  do {
    const bool is_ready = ready();
    if (is_ready != was_ready) {
      LogInfo(is_ready ? "ready" : "not ready");
      server.SetReady(is_ready);
    }
    was_ready = is_ready;
  } while (!WaitForStopSignal(kReadiness));
}

}  // namespace rostrum
