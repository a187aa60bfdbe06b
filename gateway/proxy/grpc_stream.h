#pragma once

#include <memory>

#include "boost/asio/any_io_executor.hpp"
#include "gateway/proxy/backends.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "services/common/rpc/rpc_metrics.h"
#include "services/common/rpc/rpc_span.h"

namespace rostrum::gateway {

// Sets metadata and deadline of a call.
void PrepareContext(const CallMetadata& metadata, const RpcSpan& span, absl::Time deadline,
                    grpc::ClientContext& context);

// Starts a server stream whose messages are delivered on `executor`. `metrics` must outlive
// the calls in `pending`.
std::shared_ptr<BackendStream> OpenGrpcStream(grpc::GenericStub& stub, const BackendCall& call,
                                              const asio::any_io_executor& executor,
                                              std::shared_ptr<PendingCalls> pending,
                                              RpcMetrics& metrics);

}  // namespace rostrum::gateway
