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

// Reads posts for visitors. What is asked while calls are under way goes together
// in the next one: nobody waits when there is little to do, and many share the
// cost of a call when there is much. A call that takes long makes room for another one: a
// replica may hang while the others are well. When one runs out of time, so does who has
// waited for the next as long as its first try: nobody waits for longer than two may take.
// Thread-safe.
class VisitorReads {
 public:
  // `gateway` proves to content who asks. A call that takes `long_call` makes room.
  VisitorReads(Backends& backends, const ServiceCaller& gateway,
               absl::Duration long_call = absl::Milliseconds(250))
      : backends_(backends), gateway_(gateway), long_call_(long_call) {}

  // The errors are those of the whole call, UNAVAILABLE above all; what is only
  // about this post is in the reading. Resumes on the executor of the awaiting coroutine.
  // The call is part of one trace: that of the first whose trace is recorded.
  asio::awaitable<absl::StatusOr<content::v1::VisitorReading>> Read(content::v1::VisitorRead read,
                                                                    const CallerContext& caller);

 private:
  using Result = absl::StatusOr<content::v1::VisitorReading>;
  struct Waiting {
    content::v1::VisitorRead read;
    CallerContext cause;  // request id and trace alone
    absl::Time since;
    std::function<void(Result)> done;
  };
  using Batch = std::vector<Waiting>;
  using Began = std::multiset<absl::Time>;
  // A call: what it asks, and its place among those that are under way.
  struct Turn {
    Batch batch;  // empty: there is no turn
    Began::iterator began;
  };

  // The call to make at once, if not enough are under way.
  Turn Add(Waiting waiting);
  // The next one, after that of `over`.
  Turn Next(Began::iterator over);
  Turn Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Adds those that have waited for long.
  void TakeLate(Batch& batch);
  // What goes with the call of a batch.
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
