#include "services/common/rpc/field_mask.h"

#include <algorithm>

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

absl::Status CheckPath(const std::string& path, const Message& message,
                       const std::vector<std::string>& updatable) {
  if (HasPath(updatable, path)) return absl::OkStatus();
  const bool exists = FieldMaskUtil::GetFieldDescriptors(message.GetDescriptor(), path, nullptr);
  return InvalidField("update_mask", exists ? "NOT_UPDATABLE" : "NO_SUCH_FIELD",
                      absl::StrCat("\"", path.substr(0, kMaxNamedBytes), "\" ",
                                   exists ? "cannot be changed" : "is not a field"));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> UpdatedPaths(const google::protobuf::FieldMask& mask,
                                                      const Message& message,
                                                      const std::vector<std::string>& updatable) {
  if (mask.paths_size() == 1 && mask.paths(0) == "*") return updatable;
  for (const std::string& path : mask.paths()) {
    RETURN_IF_ERROR(CheckPath(path, message, updatable));
  }
  std::vector<std::string> paths;
  for (const std::string& name : updatable) {
    const bool wanted = mask.paths().empty() ? IsPopulated(message, name)
                                             : std::find(mask.paths().begin(), mask.paths().end(),
                                                         name) != mask.paths().end();
    if (wanted) paths.push_back(name);
  }
  return paths;
}

bool HasPath(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace rostrum
