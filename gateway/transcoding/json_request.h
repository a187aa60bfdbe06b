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

// Puts a request's body where the route wants it: as JSON into the message or
// into one of its fields, or as raw bytes into an HttpBody. An empty body
// leaves the message as it is. `present`, if not null, gets the proto paths of
// what the JSON holds, relative to the value (json_checker.h).
//
// Errors: INVALID_ARGUMENT as CheckJson, with UNSUPPORTED_MEDIA_TYPE for what is
// not application/json in UTF-8, BODY_TOO_LARGE for more than the route takes,
// BODY_NOT_ALLOWED for a body where the route has none.
absl::Status BindBody(const Route& route, absl::string_view body, const HeaderLookup& header,
                      google::protobuf::Message& request, std::vector<std::string>* present);

// Fills an update_mask that is not set with what the body of a PATCH holds, but
// for what the path names and for etags, which are no changes.
void FillUpdateMask(const Route& route, const std::vector<std::string>& present,
                    google::protobuf::Message& request);

}  // namespace rostrum::gateway
