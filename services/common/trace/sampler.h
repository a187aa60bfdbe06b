#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum {

// Decides which traces are recorded, by OpenTelemetry's samplers and their names. A share
// is decided by the trace id, so that every process decides the same.
class Sampler {
 public:
  // For a process without tracing: samples no new trace, and passes the caller's decision
  // on.
  Sampler() = default;

  // "always_on", "always_off", "traceidratio", or one of these with the prefix
  // "parentbased_", which follows the caller's decision if there is a caller. `argument` is
  // the share of traceidratio, 0 to 1; empty is 1. INVALID_ARGUMENT for anything else.
  static absl::StatusOr<Sampler> Parse(absl::string_view name, absl::string_view argument);

  bool Samples(absl::string_view trace_id, bool is_root, bool parent_sampled) const;

  // The sampler of this process; set once, at start, before other threads run.
  static const Sampler& InForce();
  static void PutInForce(const Sampler& sampler);

 private:
  bool follows_parent_ = true;
  // A trace is sampled if the last 8 bytes of its id, shifted right by one bit, are below
  // this.
  uint64_t below_ = 0;
};

}  // namespace rostrum
