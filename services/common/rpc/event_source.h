#pragma once

#include <memory>
#include <string>

#include "grpcpp/channel.h"
#include "services/common/rpc/channel.h"

namespace rostrum {

// Another service whose events this process follows: how it is reached and called.
struct EventSource {
  EventSource(std::string service, std::shared_ptr<grpc::Channel> service_channel,
              const IdentitySigner& signer, Metrics& metrics);

  const std::string name;  // "content"
  const std::shared_ptr<grpc::Channel> channel;
  const ServiceCaller caller;
};

}  // namespace rostrum
