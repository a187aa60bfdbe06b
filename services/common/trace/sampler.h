#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum {

// Which traces are recorded: OpenTelemetry's samplers by their names. A share is
// decided by the trace id, so that every process decides alike.
class Sampler {
 public:
  // Without tracing: nothing begins to be sampled, and what a caller says is
  // passed on.
  Sampler() = default;

  // "always_on", "always_off", "traceidratio", or one of these with
  // "parentbased_" in front, which follows the caller where there is one.
  // `argument` is the share of traceidratio, 0 to 1; empty is 1.
  // INVALID_ARGUMENT for anything else.
  static absl::StatusOr<Sampler> Parse(absl::string_view name, absl::string_view argument);

  bool Samples(absl::string_view trace_id, bool is_root, bool parent_sampled) const;

  // The sampler of this process; set once, at start, before other threads run.
  static const Sampler& InForce();
  static void PutInForce(const Sampler& sampler);

 private:
  bool follows_parent_ = true;
  // Sampled if the last 8 bytes of the trace id, less one bit, are below it.
  uint64_t below_ = 0;
};

}  // namespace rostrum
