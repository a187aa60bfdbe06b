#include "gateway/web/calls.h"

#include <algorithm>
#include <utility>

#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {

asio::awaitable<absl::StatusOr<std::string>> Calls::CallRaw(std::string service, std::string method,
                                                            std::string request) {
  BackendCall call{.service = service,
                   .method = std::move(method),
                   .request = std::move(request),
                   .metadata = caller_.MetadataFor(service),
                   .timeout = std::min(timeout_, deadline_ - absl::Now())};
  UnaryResult result = co_await backends_.Call(std::move(call));
  for (const auto& [name, value] : result.metadata) metadata_[name] = value;
  if (!result.status.ok()) co_return FromGrpcStatus(result.status);
  co_return std::move(result.message);
}

}  // namespace rostrum::gateway
