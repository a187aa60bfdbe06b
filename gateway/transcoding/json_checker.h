#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace rostrum::gateway {

inline constexpr int kMaxJsonDepth = 100;

// Checks a JSON text against the type that it is to become, before protobuf's
// lenient parser sees it: one strict RFC 8259 value of clean UTF-8, no deeper
// than kMaxJsonDepth, in which no field comes twice (also not once by its proto
// name and once by its JSON name), every field exists, and lists, objects and
// scalars stand where they should. Values of scalars are left to the parser.
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
