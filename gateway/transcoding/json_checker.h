#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace rostrum::gateway {

inline constexpr int kMaxJsonDepth = 100;

// Checks a JSON text against the message type that it is for, because protobuf's own parser
// is lenient. It must be one strict RFC 8259 value in clean UTF-8, nested no deeper than
// kMaxJsonDepth. Every field must exist and come only once (its proto name and its JSON
// name are the same field), and lists, objects and scalars must be where the type has them.
// The values of scalars are left to the parser.
//
// `field` is the field of `message` that the text is for, or null when it is
// for the whole message. If `leaves` is not null, the proto paths of what is
// present are added to it, relative to the value: scalars, lists, maps, empty
// objects and well-known messages are leaves.
//
// INVALID_ARGUMENT / INVALID_JSON, or with a violation that names the field:
// UNKNOWN_FIELD, DUPLICATE_FIELD or INVALID_VALUE.
absl::Status CheckJson(absl::string_view text, const google::protobuf::Descriptor& message,
                       const google::protobuf::FieldDescriptor* field,
                       std::vector<std::string>* leaves);

}  // namespace rostrum::gateway
