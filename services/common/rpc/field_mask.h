#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace rostrum {

// Which fields an update changes (AIP-134), each once, in the order of
// `updatable`, which names the top-level fields of `message` that may be
// changed.
//   mask empty: those that are not empty in `message`.
//   mask "*":   all of `updatable`.
//   else:       those that it names.
// INVALID_ARGUMENT naming update_mask: NO_SUCH_FIELD for a path that is not a
// field of the message, NOT_UPDATABLE for one that is but may not be changed
// (also for a path into a field, such as "picture.caption").
absl::StatusOr<std::vector<std::string>> UpdatedPaths(const google::protobuf::FieldMask& mask,
                                                      const google::protobuf::Message& message,
                                                      const std::vector<std::string>& updatable);

// True if `paths` holds `path`.
bool HasPath(const std::vector<std::string>& paths, const std::string& path);

}  // namespace rostrum
