#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"
#include "gateway/proxy/backends.h"
#include "gateway/proxy/caller_context.h"
#include "gateway/proxy/turns.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/rpc/channel.h"

namespace rostrum::gateway {

// Reads posts for visitors, many in one call (BatchReadPosts); they take Turns. Thread-safe.
class VisitorReads {
 public:
  // `gateway` makes the token that proves to content that the gateway calls.
  VisitorReads(Backends& backends, const ServiceCaller& gateway,
               absl::Duration long_call = TurnLimits().long_call);

  // Errors are those of the whole call, mostly UNAVAILABLE; what concerns only this post is
  // in the reading. Resumes on the executor of the awaiting coroutine.
  asio::awaitable<absl::StatusOr<content::v1::VisitorReading>> Read(content::v1::VisitorRead read,
                                                                    const CallerContext& caller);

 private:
  using ReadTurns = Turns<content::v1::VisitorRead, content::v1::VisitorReading>;

  // How many reads from the queue one call may have.
  static size_t Share(const std::deque<ReadTurns::Waiting>& queue);
  asio::awaitable<absl::StatusOr<std::vector<content::v1::VisitorReading>>> Send(
      std::vector<content::v1::VisitorRead> reads, const CallerContext& cause);

  Backends& backends_;
  const ServiceCaller& gateway_;
  const TurnLimits limits_;
  const std::shared_ptr<ReadTurns> turns_;
};

}  // namespace rostrum::gateway
