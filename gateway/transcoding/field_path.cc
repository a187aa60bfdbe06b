#include "gateway/transcoding/field_path.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gateway/transcoding/text_value.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

const FieldDescriptor* FindField(const Descriptor& message, absl::string_view name) {
  const std::string key(name);
  if (const FieldDescriptor* field = message.FindFieldByName(key)) return field;
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->json_name() == key) return message.field(i);
  }
  return nullptr;
}

absl::StatusOr<FieldPath> ResolveFieldPath(const Descriptor& message, absl::string_view dotted) {
  FieldPath path;
  const Descriptor* current = &message;
  for (absl::string_view name : absl::StrSplit(dotted, '.')) {
    if (!path.empty()) {
      const FieldDescriptor* last = path.back();
      if (last->is_repeated() || last->message_type() == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat(
            "\"", last->name(), "\" is ", last->is_repeated() ? "repeated" : "no message"));
      }
      current = last->message_type();
    }
    const FieldDescriptor* field = FindField(*current, name);
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", name, "\" is no field of ", current->full_name()));
    }
    path.push_back(field);
  }
  return path;
}

std::string ProtoPath(const FieldPath& path) {
  std::string text;
  for (const FieldDescriptor* field : path) {
    absl::StrAppend(&text, text.empty() ? "" : ".", field->name());
  }
  return text;
}

bool HasTextForm(const FieldDescriptor& field) {
  if (field.is_map()) return false;
  return field.message_type() == nullptr || IsTextMessage(*field.message_type());
}

absl::Status SetFromText(Message& message, const FieldPath& path, const std::string& text) {
  Message* parent = &message;
  for (size_t i = 0; i < path.size(); ++i) {
    const FieldDescriptor* field = path[i];
    const OneofDescriptor* oneof = field->real_containing_oneof();
    if (oneof != nullptr) {
      const FieldDescriptor* set = parent->GetReflection()->GetOneofFieldDescriptor(*parent, oneof);
      if (set != nullptr && set != field) {
        return InvalidField(ProtoPath(path), "DUPLICATE_FIELD",
                            absl::StrCat("cannot be given together with ", set->name()));
      }
    }
    if (i + 1 < path.size()) {
      parent = parent->GetReflection()->MutableMessage(parent, field);
    }
  }
  if (!SetTextValue(*parent, *path.back(), text)) {
    return InvalidField(ProtoPath(path), "INVALID_VALUE",
                        absl::StrCat("must be ", TextForm(*path.back())));
  }
  return absl::OkStatus();
}

}  // namespace rostrum::gateway
