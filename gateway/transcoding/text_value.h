#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace rostrum::gateway {

// Values in a path or a query: the same text as in JSON, without quotes.

// True for Timestamp, Duration, FieldMask and the wrappers.
bool IsTextMessage(const google::protobuf::Descriptor& message);

// Sets a field, or adds an element if it is repeated. False if `text` is not a value of its
// type. `text` is UTF-8.
bool SetTextValue(google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor& field, const std::string& text);

// A description of the allowed values of the field, for people: "an integer".
std::string TextForm(const google::protobuf::FieldDescriptor& field);

}  // namespace rostrum::gateway
