#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum::gateway {

// The fields of a form or of a query (application/x-www-form-urlencoded).
class Form {
 public:
  // Line breaks in values become LF. INVALID_ARGUMENT / INVALID_FORM for more than 64 fields or bad
  // encoding.
  static absl::StatusOr<Form> Parse(absl::string_view text);

  // The first value of that name, or empty.
  const std::string& Get(absl::string_view name) const;
  bool Has(absl::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace rostrum::gateway
