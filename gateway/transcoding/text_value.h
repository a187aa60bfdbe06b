#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// Values as they stand in a path or a query. As in JSON, without its quotes.

// True for Timestamp, Duration, FieldMask and the wrappers.
bool IsTextMessage(const google::protobuf::Descriptor& message);

// Sets a field, or adds to it when it is repeated. False, with nothing changed
// but default values, if `text` is no value of its type. `text` is UTF-8.
bool SetTextValue(google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor& field, const std::string& text);

// What a value of the field must be, for people: "an integer".
std::string TextForm(const google::protobuf::FieldDescriptor& field);

}  // namespace rostrum::gateway
