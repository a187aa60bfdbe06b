#pragma once

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "nlohmann/json.hpp"

namespace rostrum::gateway {

// The JSON Schemas of messages and enums in proto3 JSON, and which of them a
// document refers to. Not thread-safe.
class OpenApiSchemas {
 public:
  using Json = nlohmann::ordered_json;

  // A field's type with its comment; message and enum types are references.
  Json OfField(const google::protobuf::FieldDescriptor& field);
  // A message type: a reference, or the schema itself for well-known ones.
  Json OfMessage(const google::protobuf::Descriptor& message);
  // An object with these fields only.
  Json OfFields(const std::vector<const google::protobuf::FieldDescriptor*>& fields);

  // Everything that was referred to, by full name.
  Json Components();

 private:
  Json OfType(const google::protobuf::FieldDescriptor& field);
  Json OfEnum(const google::protobuf::EnumDescriptor& type);
  Json Reference(const std::string& full_name) const;

  std::map<std::string, const google::protobuf::Descriptor*> messages_;
  std::map<std::string, const google::protobuf::EnumDescriptor*> enums_;
};

// The full name of the error schema, which is written by hand.
inline constexpr char kErrorSchema[] = "Error";

}  // namespace rostrum::gateway
