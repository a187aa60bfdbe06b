#include "services/common/base/worker.h"

#include <atomic>
#include <stdexcept>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "services/common/base/log.h"

namespace rostrum {
namespace {

// True as soon as `condition` is; false after ten seconds.
template <class Condition>
bool Eventually(Condition condition) {
  const absl::Time end = absl::Now() + absl::Seconds(10);
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    SetLogSink([](const std::string&) {});
  }
  ~WorkerTest() override { SetLogSink(nullptr); }
  std::atomic<int> steps_{0};
};

TEST_F(WorkerTest, StepsAtOnceAndAfterEachInterval) {
  Worker worker("test", absl::Milliseconds(1), [&] { return ++steps_, absl::OkStatus(); });
  EXPECT_TRUE(Eventually([&] { return steps_ >= 3; }));
}

TEST_F(WorkerTest, StepsWhenWoken) {
  Worker worker("test", absl::Hours(1), [&] { return ++steps_, absl::OkStatus(); });
  ASSERT_TRUE(Eventually([&] { return steps_ == 1; }));
  worker.Wake();
  EXPECT_TRUE(Eventually([&] { return steps_ == 2; }));
}

TEST_F(WorkerTest, StopsWhileItWaits) {
  Worker worker("test", absl::Hours(1), [&] { return ++steps_, absl::OkStatus(); });
  ASSERT_TRUE(Eventually([&] { return steps_ == 1; }));
  worker.Stop();
  worker.Wake();
  worker.Stop();
  EXPECT_EQ(steps_, 1);
}

TEST_F(WorkerTest, GoesOnAfterErrorsAndExceptions) {
  Worker worker("test", absl::Milliseconds(1), [&]() -> absl::Status {
    const int step = ++steps_;
    if (step == 1) throw std::runtime_error("no");
    if (step == 2) return absl::UnavailableError("no");
    return absl::OkStatus();
  });
  EXPECT_TRUE(Eventually([&] { return steps_ >= 4; }));
}

}  // namespace
}  // namespace rostrum
