#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/steady_timer.hpp"
#include "gateway/proxy/caller_context.h"
#include "services/common/base/clock.h"
#include "services/common/rpc/call_deadline.h"
#include "services/common/trace/trace_context.h"

namespace rostrum::gateway {

namespace asio = boost::asio;

class LiveHub;

// How many streams may be open at once. Each holds a connection for minutes, so without
// a bound one network could take all connections of a gateway.
struct LiveLimits {
  size_t all = 3072;
  size_t of_account = 32;
  size_t of_network = 256;  // visitors without an account
};

// A change, as a stream is notified of it.
struct LiveChange {
  TraceContext cause;  // the trace of the change, or empty
  size_t readers = 1;  // how many streams of this process are notified
};

// The event stream of one browser. It reports only that the page's content has changed. The
// browser then asks for it, so a reader who may no longer see it gets nothing.
class LiveStream : public std::enable_shared_from_this<LiveStream> {
 public:
  LiveStream(LiveHub& hub, std::string topic, std::string reader,
             const asio::any_io_executor& executor);
  ~LiveStream();
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;

  // From any thread. Changes that come together are one.
  void Notify(const LiveChange& change);

  // On the executor. True once something has changed since the last time, false
  // after `timeout` or when closed.
  asio::awaitable<bool> Wait(absl::Duration timeout);
  // The last change, once.
  LiveChange TakeChange() { return std::exchange(change_, {}); }
  void Close();
  bool closed() const { return closed_; }

 private:
  friend class LiveHub;

  LiveHub& hub_;
  const std::string topic_;
  const std::string reader_;
  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  bool changed_ = false;
  LiveChange change_;
  bool closed_ = false;
};

// The open streams of this process by topic. One per gateway, fed by the events of the
// services. Thread-safe; must outlive its streams.
class LiveHub {
 public:
  LiveHub(const LiveLimits& limits, Clock& clock)
      : limits_(limits), clock_(clock), known_from_(clock.Now()) {}

  // A stream for a page that was made at `since`, by another gateway perhaps; notified at
  // once if the topic may have changed after that. RESOURCE_EXHAUSTED / TOO_MANY_STREAMS
  // of one account or network, UNAVAILABLE / TOO_MANY_STREAMS of all.
  absl::StatusOr<std::shared_ptr<LiveStream>> Open(const std::string& topic, absl::Time since,
                                                   const CallerContext& reader,
                                                   const asio::any_io_executor& executor);
  // Part of the current trace at the first few streams: the rest are alike.
  void Changed(const std::string& topic);
  // After a gap in the events.
  void AllChanged();

 private:
  friend class LiveStream;
  // Topics whose last change is remembered; older ones count as changed.
  static constexpr size_t kMaxTopics = 10'000;
  static constexpr size_t kTracedStreams = 10;
  // How far the clocks of two gateways may be apart: as far as those of a client and a server
  // of a call.
  static constexpr absl::Duration kClocks = kDeadlineLeeway;

  void Remove(const LiveStream& stream);
  absl::Status CheckPlace(const CallerContext& reader) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static void Tell(const std::vector<std::shared_ptr<LiveStream>>& streams,
                   const TraceContext& cause);

  using Streams = std::vector<LiveStream*>;
  // Streams that are still there, kept alive.
  static void Keep(const Streams& streams, std::vector<std::shared_ptr<LiveStream>>& kept);

  const LiveLimits limits_;
  Clock& clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, Streams> streams_ ABSL_GUARDED_BY(mu_);
  // How many are open, of each reader and of all.
  absl::flat_hash_map<std::string, size_t> open_ ABSL_GUARDED_BY(mu_);
  size_t open_of_all_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<std::string, absl::Time> changes_ ABSL_GUARDED_BY(mu_);
  absl::Time known_from_ ABSL_GUARDED_BY(mu_);
};

// The topics.
std::string PostTopic(const std::string& post_id);
std::string RoomTopic(const std::string& channel_id);
inline constexpr char kPublishedTopic[] = "published";

}  // namespace rostrum::gateway
