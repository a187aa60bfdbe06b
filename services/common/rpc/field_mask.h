#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace rostrum {

// The fields that an update changes (AIP-134), each once. `updatable` names the top-level
// fields of `message` that may be changed; the fields inside them may be changed too.
//   mask empty: those that are not empty in `message`.
//   mask "*":   all of `updatable`.
//   else:       those that it names, such as "picture" or "picture.caption".
// INVALID_ARGUMENT naming update_mask: NO_SUCH_FIELD for a path that is not a
// field of the message, NOT_UPDATABLE for one that is but may not be changed.
absl::StatusOr<std::vector<std::string>> UpdatedPaths(const google::protobuf::FieldMask& mask,
                                                      const google::protobuf::Message& message,
                                                      const std::vector<std::string>& updatable);

// Copies the fields that `paths` names from one message into another of the
// same type; what is empty in `from` becomes empty.
void MergeFields(const google::protobuf::Message& from, const std::vector<std::string>& paths,
                 google::protobuf::Message& into);

// True if `paths` holds `path`.
bool HasPath(const std::vector<std::string>& paths, const std::string& path);

}  // namespace rostrum
