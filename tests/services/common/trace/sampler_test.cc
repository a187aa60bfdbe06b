#include "services/common/trace/sampler.h"

#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "services/common/trace/trace_context.h"
#include "tests/support/status_matchers.h"

namespace rostrum {
namespace {

// Of ids that are spread evenly.
int SampledOf1000(const Sampler& sampler) {
  int sampled = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    const std::string id = absl::StrFormat("%032x", i * (UINT64_MAX / 1000));
    if (sampler.Samples(id, /*is_root=*/true, /*parent_sampled=*/false)) ++sampled;
  }
  return sampled;
}

TEST(SamplerTest, TakesTheShareOfTraces) {
  EXPECT_EQ(SampledOf1000(*Sampler::Parse("traceidratio", "0")), 0);
  EXPECT_NEAR(SampledOf1000(*Sampler::Parse("traceidratio", "0.25")), 250, 2);
  EXPECT_EQ(SampledOf1000(*Sampler::Parse("traceidratio", "1")), 1000);
  EXPECT_EQ(SampledOf1000(*Sampler::Parse("parentbased_traceidratio", "")), 1000);
  EXPECT_EQ(SampledOf1000(*Sampler::Parse("always_on", "")), 1000);
  EXPECT_EQ(SampledOf1000(*Sampler::Parse("always_off", "")), 0);
}

TEST(SamplerTest, FollowsTheCallerIfItIsToldTo) {
  const std::string id = "0000000000000000ffffffffffffffff";
  const Sampler follows = *Sampler::Parse("parentbased_traceidratio", "0.5");
  EXPECT_TRUE(follows.Samples(id, /*is_root=*/false, /*parent_sampled=*/true));
  EXPECT_FALSE(follows.Samples("00000000000000000000000000000000", false, false));
  EXPECT_FALSE(follows.Samples(id, /*is_root=*/true, false));
  const Sampler decides = *Sampler::Parse("traceidratio", "0.5");
  EXPECT_FALSE(decides.Samples(id, /*is_root=*/false, /*parent_sampled=*/true));
}

TEST(SamplerTest, TellsWhatIsNone) {
  for (const char* name : {"", "sometimes", "parentbased_", "TRACEIDRATIO"}) {
    EXPECT_THAT(Sampler::Parse(name, "1").status(), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  for (const char* share : {"-0.1", "1.1", "nan", "half", "10%"}) {
    EXPECT_THAT(Sampler::Parse("traceidratio", share).status(),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << share;
  }
}

TEST(SamplerTest, IsAskedByTraces) {
  EXPECT_FALSE(TraceContext::Continue("", "").sampled);
  Sampler::PutInForce(*Sampler::Parse("parentbased_always_on", ""));
  EXPECT_TRUE(TraceContext::Continue("", "").sampled);
  EXPECT_FALSE(TraceContext::Unsampled().sampled);
  Sampler::PutInForce(Sampler());
}

}  // namespace
}  // namespace rostrum
