#include "services/common/trace/sampler.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace rostrum {
namespace {

constexpr uint64_t kAll = uint64_t{1} << 63;

Sampler& State() {
  static Sampler* const sampler = new Sampler;
  return *sampler;
}

}  // namespace

absl::StatusOr<Sampler> Sampler::Parse(absl::string_view name, absl::string_view argument) {
  Sampler sampler;
  absl::string_view kind = name;
  sampler.follows_parent_ = absl::ConsumePrefix(&kind, "parentbased_");
  if (kind == "always_on") {
    sampler.below_ = kAll;
  } else if (kind == "always_off") {
    sampler.below_ = 0;
  } else if (kind == "traceidratio") {
    double share = 1;
    if (!argument.empty() && (!absl::SimpleAtod(argument, &share) || !(share >= 0 && share <= 1))) {
      return absl::InvalidArgumentError("the share of traceidratio is a number from 0 to 1");
    }
    sampler.below_ = static_cast<uint64_t>(share * static_cast<double>(kAll));
  } else {
    return absl::InvalidArgumentError(
        "not always_on, always_off, traceidratio or one of them with parentbased_ in front");
  }
  return sampler;
}

bool Sampler::Samples(absl::string_view trace_id, bool is_root, bool parent_sampled) const {
  if (follows_parent_ && !is_root) return parent_sampled;
  uint64_t number = 0;
  if (below_ == 0 || trace_id.size() != 32) return false;
  return absl::SimpleHexAtoi(trace_id.substr(16), &number) && (number >> 1) < below_;
}

const Sampler& Sampler::InForce() { return State(); }

void Sampler::PutInForce(const Sampler& sampler) { State() = sampler; }

}  // namespace rostrum
