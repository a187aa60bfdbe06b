#pragma once

#include <string>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "services/common/rpc/request_context.h"

namespace rostrum {

// The service that the certificate of this call's connection stands for
// (certificates.h); empty if there is none, or it stands for no service.
std::string PeerOf(const grpc::ServerContextBase& ctx);

// With certificates on both sides: whether `peer` may bring what `context` says.
// A service speaks for itself, and only the gateway for anybody else: people,
// visitors with their pass and network, and who has not said who they are. So
// neither a stolen signing key nor a certificate alone makes a caller.
//   PERMISSION_DENIED / PEER_UNKNOWN: the certificate stands for no service.
//   PERMISSION_DENIED / PEER_MISMATCH: a service's token from another's connection.
//   PERMISSION_DENIED / GATEWAY_ONLY: only the gateway may say this.
absl::Status CheckPeer(const std::string& peer, const RequestContext& context);

}  // namespace rostrum
