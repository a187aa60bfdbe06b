#include "services/common/rpc/peer.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "grpc/grpc_security_constants.h"
#include "services/common/base/status.h"
#include "services/common/rpc/certificates.h"

namespace rostrum {
namespace {

constexpr char kGateway[] = "gateway";

absl::Status Denied(const char* reason, absl::string_view message) {
  return Error(absl::StatusCode::kPermissionDenied, reason, message);
}

}  // namespace

std::string PeerOf(const grpc::ServerContextBase& ctx) {
  const std::shared_ptr<const grpc::AuthContext> connection = ctx.auth_context();
  if (connection == nullptr || !connection->IsPeerAuthenticated()) return "";
  const std::vector<grpc::string_ref> ids =
      connection->FindPropertyValues(GRPC_PEER_SPIFFE_ID_PROPERTY_NAME);
  return ids.size() == 1 ? ServiceOfSpiffeId({ids[0].data(), ids[0].size()}) : "";
}

absl::Status CheckPeer(const std::string& peer, const RequestContext& context) {
  if (peer.empty()) return Denied("PEER_UNKNOWN", "your certificate is of no service");
  if (context.caller.IsService() && context.caller.service != peer) {
    return Denied("PEER_MISMATCH", absl::StrCat("the certificate is of ", peer,
                                                ", the identity token of another service"));
  }
  const bool for_itself =
      context.caller.IsService() && context.visitor.empty() && context.network.empty();
  if (!for_itself && peer != kGateway) {
    return Denied("GATEWAY_ONLY", "only the gateway speaks for readers");
  }
  return absl::OkStatus();
}

}  // namespace rostrum
