#include "gateway/transcoding/openapi_schemas.h"

#include "absl/strings/str_cat.h"
#include "gateway/transcoding/json_response.h"
#include "gateway/transcoding/proto_comments.h"

namespace rostrum::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using Json = OpenApiSchemas::Json;

Json Type(const char* type, const char* format = nullptr) {
  Json schema;
  schema["type"] = type;
  if (format != nullptr) schema["format"] = format;
  return schema;
}

Json Unsigned(const char* format) {
  Json schema = Type("integer", format);
  schema["minimum"] = 0;
  return schema;
}

Json OfScalar(FieldDescriptor::Type type) {
  switch (type) {
    case FieldDescriptor::TYPE_DOUBLE: return Type("number", "double");
    case FieldDescriptor::TYPE_FLOAT: return Type("number", "float");
    case FieldDescriptor::TYPE_BOOL: return Type("boolean");
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_SFIXED32: return Type("integer", "int32");
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_FIXED32: return Unsigned("uint32");
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_SINT64:
    case FieldDescriptor::TYPE_SFIXED64: return Type("string", "int64");
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64: return Type("string", "uint64");
    case FieldDescriptor::TYPE_BYTES: {
      Json schema = Type("string");
      schema["contentEncoding"] = "base64";
      return schema;
    }
    default: return Type("string");
  }
}

// Types with a JSON form of their own; null for others.
Json OfWellKnown(const Descriptor& message) {
  switch (message.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP: return Type("string", "date-time");
    case Descriptor::WELLKNOWNTYPE_DURATION: {
      Json schema = Type("string");
      schema["pattern"] = "^-?[0-9]+(\\.[0-9]{1,9})?s$";
      return schema;
    }
    case Descriptor::WELLKNOWNTYPE_FIELDMASK: {
      Json schema = Type("string");
      schema["description"] = "Field names with commas between them.";
      return schema;
    }
    case Descriptor::WELLKNOWNTYPE_STRUCT: return Type("object");
    case Descriptor::WELLKNOWNTYPE_LISTVALUE: return Type("array");
    case Descriptor::WELLKNOWNTYPE_VALUE: return Json::object();
    case Descriptor::WELLKNOWNTYPE_ANY: {
      Json schema = Type("object");
      schema["properties"]["@type"] = Type("string");
      return schema;
    }
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED: break;
    default: return OfScalar(message.FindFieldByNumber(1)->type());
  }
  if (IsHttpBody(message)) return Type("string", "binary");
  return nullptr;
}

void Describe(Json& schema, const std::string& comment) {
  if (!comment.empty()) schema["description"] = comment;
}

Json ErrorSchema() {
  Json detail = Type("object");
  detail["description"] =
      "google.rpc.ErrorInfo (always), google.rpc.BadRequest or google.rpc.RetryInfo.";
  detail["properties"]["@type"] = Type("string");
  Json details = Type("array");
  details["items"] = detail;
  Json inner = Type("object");
  inner["properties"]["code"] = Type("integer", "int32");
  inner["properties"]["code"]["description"] = "The HTTP status.";
  inner["properties"]["status"] = Type("string");
  inner["properties"]["status"]["description"] = "The google.rpc.Code, such as NOT_FOUND.";
  inner["properties"]["message"] = Type("string");
  inner["properties"]["details"] = details;
  inner["required"] = {"code", "status", "message", "details"};
  Json schema = Type("object");
  schema["description"] = "Why a request failed.";
  schema["properties"]["error"] = inner;
  schema["required"] = {"error"};
  return schema;
}

}  // namespace

Json OpenApiSchemas::Reference(const std::string& full_name) const {
  return Json{{"$ref", absl::StrCat("#/components/schemas/", full_name)}};
}

Json OpenApiSchemas::OfMessage(const Descriptor& message) {
  Json well_known = OfWellKnown(message);
  if (!well_known.is_null()) return well_known;
  messages_.emplace(message.full_name(), &message);
  return Reference(message.full_name());
}

Json OpenApiSchemas::OfType(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return OfMessage(*field.message_type());
  if (field.enum_type() == nullptr) return OfScalar(field.type());
  enums_.emplace(field.enum_type()->full_name(), field.enum_type());
  return Reference(field.enum_type()->full_name());
}

Json OpenApiSchemas::OfField(const FieldDescriptor& field) {
  Json schema;
  if (field.is_map()) {
    schema = Type("object");
    schema["additionalProperties"] = OfType(*field.message_type()->map_value());
  } else if (field.is_repeated()) {
    schema = Type("array");
    schema["items"] = OfType(field);
  } else {
    schema = OfType(field);
  }
  Describe(schema, CommentOf(field));
  return schema;
}

Json OpenApiSchemas::OfFields(const std::vector<const FieldDescriptor*>& fields) {
  Json schema = Type("object");
  for (const FieldDescriptor* field : fields) {
    schema["properties"][field->json_name()] = OfField(*field);
  }
  return schema;
}

Json OpenApiSchemas::OfEnum(const EnumDescriptor& type) {
  Json schema = Type("string");
  std::string description = CommentOf(type);
  Json values = Json::array();
  std::string list;
  for (int i = 0; i < type.value_count(); ++i) {
    values.push_back(type.value(i)->name());
    const std::string comment = CommentOf(*type.value(i));
    if (!comment.empty()) {
      absl::StrAppend(&list, "\n- `", type.value(i)->name(), "`: ", comment);
    }
  }
  if (!list.empty()) absl::StrAppend(&description, description.empty() ? "" : "\n", list);
  Describe(schema, description);
  schema["enum"] = values;
  return schema;
}

Json OpenApiSchemas::Components() {
  std::map<std::string, Json> done;
  // Describing a message may refer to others.
  for (bool more = true; more;) {
    more = false;
    const auto messages = messages_;
    for (const auto& [name, message] : messages) {
      if (done.contains(name)) continue;
      std::vector<const FieldDescriptor*> fields;
      for (int i = 0; i < message->field_count(); ++i) fields.push_back(message->field(i));
      Json schema = OfFields(fields);
      Describe(schema, CommentOf(*message));
      done.emplace(name, std::move(schema));
      more = true;
    }
  }
  for (const auto& [name, type] : enums_) done.emplace(name, OfEnum(*type));
  done.emplace(kErrorSchema, ErrorSchema());
  Json components = Json::object();
  for (auto& [name, schema] : done) components[name] = std::move(schema);
  return components;
}

}  // namespace rostrum::gateway
