#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "services/common/base/status.h"

namespace rostrum {

// The longest path of these, in characters.
inline constexpr size_t kMaxReturnPath = 500;

// Checks the path that a browser is sent to after a form. It must be empty, or a path on
// this site of at most kMaxReturnPath that no browser takes for another site. Adds the
// violation INVALID_PATH on `field`.
void CheckReturnPath(FieldChecks& checks, const std::string& path, absl::string_view field);

}  // namespace rostrum
