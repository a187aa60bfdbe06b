#include "services/common/rpc/field_mask.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/common/base/status.h"

namespace rostrum {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::FieldMaskUtil;

constexpr size_t kMaxNamedBytes = 80;  // of a path, in an error about it

bool IsPopulated(const Message& message, const std::string& name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr) return false;
  const google::protobuf::Reflection* reflection = message.GetReflection();
  return field->is_repeated() ? reflection->FieldSize(message, field) > 0
                              : reflection->HasField(message, field);
}

// True if `path` names one of these fields or something inside one.
bool IsAmong(const std::vector<std::string>& fields, const std::string& path) {
  return HasPath(fields, path.substr(0, path.find('.')));
}

absl::Status CheckPath(const std::string& path, const Message& message,
                       const std::vector<std::string>& updatable) {
  const bool exists = FieldMaskUtil::GetFieldDescriptors(message.GetDescriptor(), path, nullptr);
  if (exists && IsAmong(updatable, path)) return absl::OkStatus();
  return InvalidField("update_mask", exists ? "NOT_UPDATABLE" : "NO_SUCH_FIELD",
                      absl::StrCat("\"", path.substr(0, kMaxNamedBytes), "\" ",
                                   exists ? "cannot be changed" : "is not a field"));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> UpdatedPaths(const google::protobuf::FieldMask& mask,
                                                      const Message& message,
                                                      const std::vector<std::string>& updatable) {
  if (mask.paths_size() == 1 && mask.paths(0) == "*") return updatable;
  std::vector<std::string> paths;
  if (mask.paths().empty()) {
    std::copy_if(updatable.begin(), updatable.end(), std::back_inserter(paths),
                 [&](const std::string& name) { return IsPopulated(message, name); });
    return paths;
  }
  for (const std::string& path : mask.paths()) {
    RETURN_IF_ERROR(CheckPath(path, message, updatable));
    if (!HasPath(paths, path)) paths.push_back(path);
  }
  return paths;
}

void MergeFields(const Message& from, const std::vector<std::string>& paths, Message& into) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(from, mask, options, &into);
}

bool HasPath(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace rostrum
