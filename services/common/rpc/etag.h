#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum {

// The entity tag of a row's version, with quotes and without a dot (RFC 9110, AIP-154).
inline std::string EtagOf(int64_t version) { return absl::StrCat("\"", version, "\""); }

inline constexpr char kEtagMismatch[] = "ETAG_MISMATCH";

// ABORTED / ETAG_MISMATCH if an etag was given and is not the current one.
inline absl::Status CheckEtag(const std::string& given, const std::string& current) {
  if (given.empty() || given == "*" || given == current) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, kEtagMismatch,
               "it was changed in the meantime; read it again");
}
inline absl::Status CheckEtag(const std::string& given, int64_t version) {
  return CheckEtag(given, EtagOf(version));
}

}  // namespace rostrum
