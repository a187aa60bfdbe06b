#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gateway/transcoding/json_request.h"
#include "gateway/transcoding/route.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// Puts headers into the fields that the API has for them:
//   Idempotency-Key -> request_id, 1 to 128 printable ASCII characters;
//   If-Match        -> etag of the request, or of the resource that it changes: one
//                      entity tag or "*". "W/" is dropped, which the server adds when it
//                      compresses a response; so is the hash that EntityTag adds;
//   Last-Event-ID   -> resume_token of a server stream. It replaces the one in the URL,
//                      because a browser reconnects with the same URL.
// A header for which the request has no field is ignored.
// INVALID_ARGUMENT with a violation of the field: INVALID_VALUE, or
// DUPLICATE_FIELD when the field has another value already.
absl::Status BindHeaders(const Route& route, const HeaderLookup& header,
                         google::protobuf::Message& request);

// True if If-None-Match names the entity tag (weak comparison, lists, "*").
bool EtagMatches(absl::string_view if_none_match, absl::string_view etag);

// The entity tag of a response message: its string field `etag`, if that is an
// entity tag with its quotes. Empty if there is none.
std::string EtagOf(const google::protobuf::Message& response);

// The entity tag of one response body: "7" becomes "7.<hash of the body>". Bodies of the
// same version can differ, by caller and in data that the version does not cover.
std::string EntityTag(absl::string_view etag, absl::string_view body);

}  // namespace rostrum::gateway
