#include "gateway/proxy/pending_calls.h"

#include <memory>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace rostrum::gateway {
namespace {

TEST(PendingCallsTest, ACallAtTheAddressOfOneThatHasEndedIsWaitedForToo) {
  PendingCalls pending;
  grpc::ClientContext context;
  const auto keep = [](grpc::ClientContext*) {};
  // As if the memory of the first call were that of a second as soon as it is free.
  pending.Add({&context, [&](grpc::ClientContext* again) { pending.Add({again, keep}); }});
  pending.Remove(&context);
  absl::Notification stopped;
  std::thread stopping([&] {
    pending.CancelAll();
    stopped.Notify();
  });
  EXPECT_FALSE(stopped.WaitForNotificationWithTimeout(absl::Milliseconds(100)));
  pending.Remove(&context);
  stopping.join();
}

}  // namespace
}  // namespace rostrum::gateway
