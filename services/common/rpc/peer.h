#pragma once

#include <string>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "services/common/rpc/request_context.h"

namespace rostrum {

// The service that the certificate of this call's connection names (certificates.h). Empty
// if there is no certificate or it names no service.
std::string PeerOf(const grpc::ServerContextBase& ctx);

// With mutual TLS: whether the service `peer` may send what is in `context`. A service may
// speak for itself. Only the gateway may speak for others: for people, for visitors (pass
// and network), and for anonymous callers. So a stolen signing key is of no use without the
// certificate, and the reverse.
//   PERMISSION_DENIED / PEER_UNKNOWN: the certificate names no service.
//   PERMISSION_DENIED / PEER_MISMATCH: a service's token over another service's connection.
//   PERMISSION_DENIED / GATEWAY_ONLY: only the gateway may speak for others.
absl::Status CheckPeer(const std::string& peer, const RequestContext& context);

}  // namespace rostrum
