#pragma once

#include <deque>
#include <functional>
#include <set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/rpc/channel.h"

namespace rostrum::gateway {

// Reads posts for visitors, many in one call (BatchReadPosts).
// - At most two calls run at a time. Reads that come meanwhile go together in the next
//   call: under low load no read waits, and under high load many share the cost of a call.
// - A call that takes longer than `long_call` no longer counts among the two, because its
//   replica may hang while the others are well. At most 24 calls run even if all of them take
//   long (kMaxWithLong).
// - When a call runs out of time, the reads in the queue that have waited as long as its
//   first try fail with it. So no read waits for longer than two calls may take.
// Thread-safe.
class VisitorReads {
 public:
  // `gateway` makes the token that proves to content that the gateway calls.
  VisitorReads(Backends& backends, const ServiceCaller& gateway,
               absl::Duration long_call = absl::Milliseconds(250))
      : backends_(backends), gateway_(gateway), long_call_(long_call) {}

  // Errors are those of the whole call, mostly UNAVAILABLE; what concerns only this post is
  // in the reading. Resumes on the executor of the awaiting coroutine. The call is part of
  // one trace: that of the first read whose trace is recorded.
  asio::awaitable<absl::StatusOr<content::v1::VisitorReading>> Read(content::v1::VisitorRead read,
                                                                    const CallerContext& caller);

 private:
  using Result = absl::StatusOr<content::v1::VisitorReading>;
  struct Waiting {
    content::v1::VisitorRead read;
    CallerContext cause;  // only request id and trace
    absl::Time since;
    std::function<void(Result)> done;
  };
  using Batch = std::vector<Waiting>;
  using Began = std::multiset<absl::Time>;
  // A call: its reads, and its entry in `under_way_`.
  struct Turn {
    Batch batch;  // empty: no call is to be made
    Began::iterator began;
  };

  // Adds a read to the queue. Returns the call to make now, if there is a place for one.
  Turn Add(Waiting waiting);
  // The call to make after the one at `over` has ended.
  Turn Next(Began::iterator over);
  Turn Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Moves reads from the queue to `batch` that have waited as long as the first try of a
  // call.
  void TakeLate(Batch& batch);
  // The metadata of the call for a batch.
  CallMetadata MetadataOf(const Batch& batch) const;
  asio::awaitable<void> Send(Turn turn);

  Backends& backends_;
  const ServiceCaller& gateway_;
  const absl::Duration long_call_;
  absl::Mutex mu_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mu_);
  Began under_way_ ABSL_GUARDED_BY(mu_);
};

}  // namespace rostrum::gateway
