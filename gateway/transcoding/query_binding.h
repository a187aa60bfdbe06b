#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gateway/transcoding/route.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

inline constexpr int kMaxQueryParameters = 100;

// Puts the parameters of a query (without its '?') into the fields of the request that
// neither the path nor the body sets: "a.b=1&tags=x&tags=y", by proto name or JSON name.
// After an error the message is unspecified.
// INVALID_ARGUMENT / TOO_MANY_PARAMETERS or INVALID_ENCODING, or with a violation for each
// wrong parameter: UNKNOWN_FIELD, INVALID_VALUE, or DUPLICATE_FIELD if a field that is not
// repeated comes twice, or is set by the path or the body.
absl::Status BindQuery(const Route& route, absl::string_view query,
                       google::protobuf::Message& request);

}  // namespace rostrum::gateway
