#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/steady_timer.hpp"
#include "services/common/base/clock.h"
#include "services/common/rpc/call_deadline.h"
#include "services/common/trace/trace_context.h"

namespace rostrum::gateway {

namespace asio = boost::asio;

class LiveHub;

// The stream of one browser: told that what it shows has changed, never what.
// The browser then asks for it, and who may not see it any more gets nothing.
class LiveStream : public std::enable_shared_from_this<LiveStream> {
 public:
  LiveStream(LiveHub& hub, std::string topic, const asio::any_io_executor& executor);
  ~LiveStream();
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;

  // From any thread. Changes that come together are one. `cause` is the trace of
  // the change, or empty.
  void Notify(const TraceContext& cause = {});

  // On the executor. True once something has changed since the last time, false
  // after `timeout` or when closed.
  asio::awaitable<bool> Wait(absl::Duration timeout);
  // The trace of the last change, once.
  TraceContext TakeCause() { return std::exchange(cause_, {}); }
  void Close();
  bool closed() const { return closed_; }

 private:
  LiveHub& hub_;
  const std::string topic_;
  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  bool changed_ = false;
  TraceContext cause_;
  bool closed_ = false;
};

// Who waits for what in this process: one per gateway, fed by the events of the
// services. Thread-safe; outlives its streams.
class LiveHub {
 public:
  explicit LiveHub(Clock& clock) : clock_(clock), known_from_(clock.Now()) {}

  // A stream for a page that was made at `since`, by another gateway perhaps; notified at
  // once if the topic may have changed after that.
  std::shared_ptr<LiveStream> Open(const std::string& topic, absl::Time since,
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
  // How far the clocks of two gateways may be apart: as far as those of a caller and who
  // is called.
  static constexpr absl::Duration kClocks = kDeadlineLeeway;

  void Remove(const std::string& topic, const LiveStream* stream);

  using Streams = std::vector<LiveStream*>;
  // Streams that are still there, kept alive.
  static void Keep(const Streams& streams, std::vector<std::shared_ptr<LiveStream>>& kept);

  Clock& clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, Streams> streams_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, absl::Time> changes_ ABSL_GUARDED_BY(mu_);
  absl::Time known_from_ ABSL_GUARDED_BY(mu_);
};

// The topics.
std::string PostTopic(const std::string& post_id);
std::string RoomTopic(const std::string& channel_id);
inline constexpr char kPublishedTopic[] = "published";

}  // namespace rostrum::gateway
