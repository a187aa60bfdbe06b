#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// The message as proto3 JSON: lowerCamelCase, default scalars printed, int64 as strings.
// With `field`, only that field. INTERNAL / BAD_RESPONSE if it has no JSON (an Any of
// unknown type, a time out of range).
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message,
                                   const google::protobuf::FieldDescriptor* field = nullptr);

// The contents of an HttpBody.
struct RawResponse {
  std::string content_type;
  std::string data;
  std::string cache_control;
};
bool IsHttpBody(const google::protobuf::Descriptor& message);
// INTERNAL / BAD_RESPONSE if its header values are not valid.
absl::StatusOr<RawResponse> ToRawResponse(absl::string_view serialized);

}  // namespace rostrum::gateway
