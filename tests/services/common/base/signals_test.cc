#include "services/common/base/signals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace rostrum {
namespace {

// A process that waits to be told to stop, and ends with 0 if it was, else with 1.
pid_t StartWaiting(absl::Duration timeout) {
  BlockStopSignals();
  const pid_t child = fork();
  if (child == 0) _exit(WaitForStopSignal(timeout) ? 0 : 1);
  return child;
}

int StatusOf(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(SignalsTest, AProcessThatWasStoppedForAWhileGoesOn) {
  const pid_t child = StartWaiting(absl::Minutes(1));
  for (int i = 0; i < 3; ++i) {
    int status = 0;
    kill(child, SIGSTOP);
    ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
    ASSERT_TRUE(WIFSTOPPED(status));
    kill(child, SIGCONT);
    ASSERT_EQ(waitpid(child, &status, WCONTINUED), child);
    ASSERT_TRUE(WIFCONTINUED(status));
    absl::SleepFor(absl::Milliseconds(20));
  }
  kill(child, SIGTERM);
  EXPECT_EQ(StatusOf(child), 0) << "it waited for the signal";
}

TEST(SignalsTest, AWaitEndsByItself) {
  EXPECT_EQ(WEXITSTATUS(StatusOf(StartWaiting(absl::Milliseconds(10)))), 1);
}

}  // namespace
}  // namespace rostrum
