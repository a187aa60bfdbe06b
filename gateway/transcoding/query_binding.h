#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gateway/transcoding/route.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

inline constexpr int kMaxQueryParameters = 100;

// Puts the parameters of a query (without its '?') into the fields of a request
// that neither path nor body has: "a.b=1&tags=x&tags=y", by proto name or JSON
// name. An error leaves the message in any state.
// INVALID_ARGUMENT / TOO_MANY_PARAMETERS or INVALID_ENCODING, or with a
// violation for each parameter at fault: UNKNOWN_FIELD, INVALID_VALUE, or
// DUPLICATE_FIELD for a singular field that comes twice or that path or body
// have.
absl::Status BindQuery(const Route& route, absl::string_view query,
                       google::protobuf::Message& request);

}  // namespace rostrum::gateway
