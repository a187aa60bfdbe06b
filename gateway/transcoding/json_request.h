#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gateway/transcoding/route.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// The value of a request header by its name in any case, or nullptr.
using HeaderLookup = std::function<const std::string*(absl::string_view name)>;

// Puts a request's body where its route says: as JSON into the message or into one of its
// fields, or as raw bytes into an HttpBody. An empty body leaves the message as it is.
// `present`, if not null, gets the proto paths that the JSON has, relative to the value
// (json_checker.h).
//
// Errors: INVALID_ARGUMENT as in CheckJson; UNSUPPORTED_MEDIA_TYPE if it is not
// application/json in UTF-8, BODY_TOO_LARGE if it is larger than the route allows,
// BODY_NOT_ALLOWED if the route has no body.
absl::Status BindBody(const Route& route, absl::string_view body, const HeaderLookup& header,
                      google::protobuf::Message& request, std::vector<std::string>* present);

// Fills an update_mask that is not set with the fields in the body of a PATCH, except those
// that the path sets and etags, which are not changed.
void FillUpdateMask(const Route& route, const std::vector<std::string>& present,
                    google::protobuf::Message& request);

}  // namespace rostrum::gateway
