#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rostrum/subscription/v1/access_service.pb.h"
#include "services/common/rpc/request_context.h"

namespace rostrum {

// The visitor's pass as a message, for calls between services.
subscription::v1::VisitorPass ToProto(const VisitorPass& pass);
// An empty pass if the message is empty. INVALID_ARGUMENT / INVALID_PASS naming
// `field` if it is not a pass.
absl::StatusOr<VisitorPass> VisitorFromProto(const subscription::v1::VisitorPass& message,
                                             absl::string_view field);

}  // namespace rostrum
