#include "services/common/postgres/watchdog.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "gtest/gtest.h"

namespace rostrum {
namespace {

constexpr int kPatience = 60'000;  // milliseconds, which no test takes

// A connection whose other side says nothing.
class WatchdogTest : public testing::Test {
 protected:
  WatchdogTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~WatchdogTest() override {
    for (const int end : ends_) close(end);
  }

  // Waits for an answer as libpq does. False if the connection ends instead.
  bool Answers(int milliseconds) {
    pollfd one{.fd = ends_[0], .events = POLLIN};
    char byte = 0;
    return poll(&one, 1, milliseconds) == 0 || read(ends_[0], &byte, 1) > 0;
  }

  std::array<int, 2> ends_{};
  Watchdog dog_;
};

TEST_F(WatchdogTest, EndsAWaitForAnAnswerThatIsOverdue) {
  Watchdog::Watch watch(dog_, ends_[0]);
  watch.Expect(absl::Milliseconds(10));
  EXPECT_FALSE(Answers(kPatience));
}

TEST_F(WatchdogTest, EndsOnlyWhatIsOverdue) {
  Watchdog::Watch in_time(dog_, ends_[0]), at_rest(dog_, ends_[0]);
  in_time.Expect(absl::InfiniteDuration());
  at_rest.Expect(absl::ZeroDuration());
  at_rest.Rest();
  {
    Watchdog::Watch gone(dog_, ends_[0]);
    gone.Expect(absl::Milliseconds(1));
  }
  // Another connection's end shows that the dog has looked meanwhile.
  std::array<int, 2> other{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, other.data()), 0);
  Watchdog::Watch overdue(dog_, other[0]);
  overdue.Expect(absl::Milliseconds(10));
  char byte = 0;
  EXPECT_EQ(read(other[0], &byte, 1), 0);
  for (const int end : other) close(end);
  EXPECT_EQ(write(ends_[1], "x", 1), 1);
  EXPECT_TRUE(Answers(kPatience));
}

TEST_F(WatchdogTest, NeverTouchesAnotherThatHasTheNumberNow) {
  Watchdog::Watch watch(dog_, ends_[0]);
  const int closed = ends_[0];
  close(closed);
  std::array<int, 2> other{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, other.data()), 0);
  ends_[0] = other[0];
  ASSERT_EQ(other[0], closed);
  watch.Expect(absl::Milliseconds(10));
  // The other side of the one that is watched sees it end.
  char byte = 0;
  EXPECT_EQ(read(ends_[1], &byte, 1), 0);
  EXPECT_EQ(write(other[1], "x", 1), 1);
  EXPECT_TRUE(Answers(kPatience));
  close(other[1]);
}

}  // namespace
}  // namespace rostrum
