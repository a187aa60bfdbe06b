#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/common/base/clock.h"
#include "services/common/base/metrics.h"
#include "services/common/base/settings.h"
#include "services/common/base/worker.h"
#include "services/common/events/event_consumer.h"
#include "services/common/events/event_service.h"
#include "services/common/events/outbox.h"
#include "services/common/postgres/migrations.h"
#include "services/common/postgres/pool.h"
#include "services/common/rpc/channel.h"
#include "services/common/rpc/event_source.h"
#include "services/common/rpc/handle_rpc.h"
#include "services/common/rpc/identity.h"
#include "services/common/rpc/page_token.h"
#include "services/common/rpc/transport_security.h"

namespace rostrum {

// What every service process has, built from the settings that all services share. Members
// are destroyed in the reverse of this order.
struct ServiceEnvironment {
  std::string name;
  SystemClock clock;
  Metrics metrics;
  std::unique_ptr<TransportSecurity> security;
  std::unique_ptr<KeyringFile> keyring;
  std::unique_ptr<IdentitySigner> signer;
  std::unique_ptr<IdentityVerifier> verifier;
  std::unique_ptr<RpcRuntime> runtime;
  std::unique_ptr<PgPool> pool;
  std::unique_ptr<PageTokens> page_tokens;
  OutboxSignal outbox_signal;

  // A channel to another service, as NewChannel makes it.
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& target) const {
    return NewChannel(target, security->channel());
  }
  // The service of that name ("content"), whose events are to be followed.
  EventSource SourceOf(const std::string& service, std::shared_ptr<grpc::Channel> channel) {
    return EventSource(service, std::move(channel), *signer, metrics);
  }
};

// A service, as main.cc builds it: owns stores, clients and handlers, and says what it does
// in the background.
class ServiceApp {
 public:
  explicit ServiceApp(ServiceEnvironment& env) : env_(env) {}
  // Stop must have been called, if Start was.
  virtual ~ServiceApp();
  // The gRPC services to serve.
  virtual std::vector<grpc::Service*> services() = 0;
  // Starts the background work; called once the schema is there.
  virtual void Start() = 0;
  // Stops it; called after the server has drained, if Start was.
  virtual void Stop() { StopWork(); }

 protected:
  // Calls `step` again and again on a thread of its own, as Worker does.
  void Every(std::string name, absl::Duration interval, std::function<absl::Status()> step);
  // Applies the events of `source`.
  void Consume(const EventSource& source, EventConsumer::Options options);
  // Returns once nothing of these two runs any more.
  void StopWork();

  ServiceEnvironment& env_;

 private:
  std::vector<std::unique_ptr<EventConsumer>> consumers_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

struct ServiceDefinition {
  std::string name;     // "content"
  std::string summary;  // one line for --help
  int default_port;
  std::vector<EmbeddedFile> migrations;
  // Declares and reads the service's own settings. Returns a function that builds the
  // service from them; it is called once all settings have been checked.
  using Build = std::function<std::unique_ptr<ServiceApp>(ServiceEnvironment&)>;
  std::function<Build(Settings&)> configure;
  // The largest message that the service takes.
  size_t max_receive_bytes = 4 << 20;
};

// The main function of every service:
//   rostrum-content            serves until SIGTERM, ready once its schema is up to date
//   rostrum-content migrate    brings the schema up to date and exits
//   rostrum-content restored   begins a new epoch of events after a restore (epoch.h)
//   rostrum-content settings   prints every setting as JSON
//   rostrum-content metrics    prints every metric as JSON
//   rostrum-content --help     prints usage and every setting
int ServiceMain(int argc, char** argv, const ServiceDefinition& definition);

}  // namespace rostrum
