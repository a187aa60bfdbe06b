#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum::gateway {

struct OpenApiOptions {
  std::string title = "Rostrum";
  std::string version = "1";
  std::string description;
  std::string session_cookie = "__Host-session";
  // Full names of the services to describe; empty: all that have HTTP rules.
  std::vector<std::string> services;
};

// The OpenAPI 3.1 document of the HTTP API, as indented JSON, from the same
// descriptors as the route table. `descriptors` is a serialised
// FileDescriptorSet with its imports, and with source info for the texts
// (rostrum.descriptors.binpb). The same input gives the same bytes.
// INVALID_ARGUMENT if the descriptors do not build, or a rule is wrong.
absl::StatusOr<std::string> OpenApiDocument(absl::string_view descriptors,
                                            const OpenApiOptions& options = {});

}  // namespace rostrum::gateway
