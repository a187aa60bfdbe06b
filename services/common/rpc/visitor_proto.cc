#include "services/common/rpc/visitor_proto.h"

#include "services/common/base/status.h"

namespace rostrum {

subscription::v1::VisitorPass ToProto(const VisitorPass& pass) {
  subscription::v1::VisitorPass message;
  message.set_id(pass.id);
  message.set_secret(pass.secret);
  message.set_fresh(pass.fresh);
  return message;
}

absl::StatusOr<VisitorPass> VisitorFromProto(const subscription::v1::VisitorPass& message,
                                             absl::string_view field) {
  if (message.id().empty() && message.secret().empty()) return VisitorPass();
  const VisitorPass pass{message.id(), message.secret(), message.fresh()};
  if (!VisitorPass::Parse(pass.ToString()).has_value()) {
    return InvalidField(field, "INVALID_PASS", "is not a visitor's pass");
  }
  return pass;
}

}  // namespace rostrum
