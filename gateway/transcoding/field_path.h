#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// A field of a message or of a message in it: "comment.body".
using FieldPath = std::vector<const google::protobuf::FieldDescriptor*>;

// A field by its proto name or its JSON name, or nullptr.
const google::protobuf::FieldDescriptor* FindField(const google::protobuf::Descriptor& message,
                                                   absl::string_view name);

// INVALID_ARGUMENT names the part that is not a field, or that is followed by more parts
// although it is repeated or not a message.
absl::StatusOr<FieldPath> ResolveFieldPath(const google::protobuf::Descriptor& message,
                                           absl::string_view dotted);

// The path in proto names.
std::string ProtoPath(const FieldPath& path);

// True for fields whose values can be written as text: scalars, enums, and the well-known
// messages that are strings or scalars in JSON. The field may be repeated.
bool HasTextForm(const google::protobuf::FieldDescriptor& field);

// Sets the field from text in a URL (already decoded); a repeated field gets one more
// element. INVALID_ARGUMENT with a violation of the path: INVALID_VALUE, or DUPLICATE_FIELD
// when another member of its oneof is set.
absl::Status SetFromText(google::protobuf::Message& message, const FieldPath& path,
                         const std::string& text);

}  // namespace rostrum::gateway
