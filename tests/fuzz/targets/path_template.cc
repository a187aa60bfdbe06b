#include "gateway/transcoding/path_template.h"

#include "tests/fuzz/fuzz_target.h"

namespace rostrum::gateway {

// A template that is read says the same again without its variables, and its
// variables lie side by side within it.
FUZZ_TARGET(path_template) {
  const auto parsed = PathTemplate::Parse(input);
  if (!parsed.ok()) {
    REQUIRE(parsed.status().code() == absl::StatusCode::kInvalidArgument, input);
    return;
  }
  int end = 0;
  for (const PathVariable& variable : parsed->variables) {
    REQUIRE(!variable.field_path.empty(), input);
    REQUIRE(variable.begin >= end && variable.begin < variable.end, variable.field_path);
    end = variable.end;
  }
  REQUIRE(end <= static_cast<int>(parsed->segments.size()), input);
  REQUIRE(parsed->MultiIndex() < static_cast<int>(parsed->segments.size()), input);

  const std::string shape = parsed->Shape();
  const auto again = PathTemplate::Parse(shape);
  REQUIRE(again.ok(), shape);
  REQUIRE(again->segments == parsed->segments && again->verb == parsed->verb, shape);
  REQUIRE(again->variables.empty() && again->Shape() == shape, shape);
}

}  // namespace rostrum::gateway
