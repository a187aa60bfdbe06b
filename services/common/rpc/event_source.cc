#include "services/common/rpc/event_source.h"

#include <utility>

namespace rostrum {
namespace {

// Of the calls that read a snapshot; streams of events have no deadline.
constexpr absl::Duration kCallTime = absl::Seconds(5);

}  // namespace

EventSource::EventSource(std::string service, std::shared_ptr<grpc::Channel> service_channel,
                         const IdentitySigner& signer, Metrics& metrics)
    : name(std::move(service)),
      channel(std::move(service_channel)),
      caller(signer, name, kCallTime, metrics) {}

}  // namespace rostrum
