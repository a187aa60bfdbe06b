#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/proxy/backends.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/rpc/channel.h"

namespace rostrum::gateway {

// Reads posts for visitors. What is asked while calls are under way goes together
// in the next one: nobody waits when there is little to do, and many share the
// cost of a call when there is much. Thread-safe.
class VisitorReads {
 public:
  // `caller` proves to content that it is the gateway that asks.
  VisitorReads(Backends& backends, const ServiceCaller& caller)
      : backends_(backends), caller_(caller) {}

  // The errors are those of the whole call, UNAVAILABLE above all; what is only
  // about this post is in the reading. Resumes on the executor of the caller.
  asio::awaitable<absl::StatusOr<content::v1::VisitorReading>> Read(content::v1::VisitorRead read);

 private:
  using Result = absl::StatusOr<content::v1::VisitorReading>;
  struct Waiting {
    content::v1::VisitorRead read;
    std::function<void(Result)> done;
  };
  using Batch = std::vector<Waiting>;

  // The batch to send at once, if not enough calls are under way.
  Batch Add(Waiting waiting);
  // The next batch; empty ends one call's turn.
  Batch Next();
  Batch Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  asio::awaitable<void> Send(Batch batch);

  Backends& backends_;
  const ServiceCaller& caller_;
  absl::Mutex mu_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mu_);
  int running_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace rostrum::gateway
