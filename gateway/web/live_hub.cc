#include "gateway/web/live_hub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

constexpr char kTooManyStreams[] = "TOO_MANY_STREAMS";
constexpr absl::Duration kTryLater = absl::Seconds(30);

}  // namespace

LiveStream::LiveStream(LiveHub& hub, std::string topic, std::string reader,
                       const asio::any_io_executor& executor)
    : hub_(hub),
      topic_(std::move(topic)),
      reader_(std::move(reader)),
      executor_(executor),
      timer_(executor) {}

LiveStream::~LiveStream() { hub_.Remove(*this); }

void LiveStream::Notify(const LiveChange& change) {
  asio::post(executor_, [self = shared_from_this(), change] {
    self->changed_ = true;
    self->change_.readers = std::max(self->change_.readers, change.readers);
    if (change.cause.sampled) self->change_.cause = change.cause;
    self->timer_.cancel();
  });
}

asio::awaitable<bool> LiveStream::Wait(absl::Duration timeout) {
  if (!changed_ && !closed_) {
    timer_.expires_after(absl::ToChronoNanoseconds(timeout));
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return std::exchange(changed_, false);
}

void LiveStream::Close() {
  closed_ = true;
  timer_.cancel();
}

absl::Status LiveHub::CheckPlace(const CallerContext& reader) {
  if (open_of_all_ >= limits_.all) {
    return RetryLater(absl::StatusCode::kUnavailable, kTooManyStreams,
                      "too many streams are open here", kTryLater);
  }
  const auto open = open_.find(reader.Key());
  const size_t most = reader.identity != nullptr ? limits_.of_account : limits_.of_network;
  if (open == open_.end() || open->second < most) return absl::OkStatus();
  return RetryLater(absl::StatusCode::kResourceExhausted, kTooManyStreams,
                    "too many of your streams are open", kTryLater);
}

absl::StatusOr<std::shared_ptr<LiveStream>> LiveHub::Open(const std::string& topic,
                                                          absl::Time since,
                                                          const CallerContext& reader,
                                                          const asio::any_io_executor& executor) {
  since -= kClocks;
  std::shared_ptr<LiveStream> stream;
  bool missed = false;
  size_t readers = 0;
  {
    absl::MutexLock lock(&mu_);
    RETURN_IF_ERROR(CheckPlace(reader));
    stream = std::make_shared<LiveStream>(*this, topic, reader.Key(), executor);
    ++open_[stream->reader_];
    ++open_of_all_;
    Streams& streams = streams_[topic];
    streams.push_back(stream.get());
    readers = streams.size();
    const auto change = changes_.find(topic);
    missed = since < known_from_ || (change != changes_.end() && since <= change->second);
  }
  // `readers`, because after a restart all readers come back and have all missed something: they
  // must not all ask at once.
  if (missed) stream->Notify({.readers = readers});
  return stream;
}

void LiveHub::Keep(const Streams& streams, std::vector<std::shared_ptr<LiveStream>>& kept) {
  for (LiveStream* stream : streams) {
    // lock() returns null for a stream that is being destroyed: its destructor waits for our mutex.
    if (auto held = stream->weak_from_this().lock()) kept.push_back(std::move(held));
  }
}

void LiveHub::Changed(const std::string& topic) {
  std::vector<std::shared_ptr<LiveStream>> waiting;
  {
    absl::MutexLock lock(&mu_);
    if (changes_.size() >= kMaxTopics && !changes_.contains(topic)) {
      changes_.clear();
      known_from_ = clock_.Now();
    }
    changes_[topic] = clock_.Now();
    const auto found = streams_.find(topic);
    if (found != streams_.end()) Keep(found->second, waiting);
  }
  Tell(waiting, TraceContext::Current());
}

void LiveHub::Tell(const std::vector<std::shared_ptr<LiveStream>>& streams,
                   const TraceContext& cause) {
  LiveChange change{.cause = cause, .readers = streams.size()};
  for (size_t i = 0; i < streams.size(); ++i) {
    if (i == kTracedStreams) change.cause = {};
    streams[i]->Notify(change);
  }
}

void LiveHub::AllChanged() {
  std::vector<std::shared_ptr<LiveStream>> waiting;
  {
    absl::MutexLock lock(&mu_);
    changes_.clear();
    known_from_ = clock_.Now();
    for (const auto& [topic, streams] : streams_) Keep(streams, waiting);
  }
  Tell(waiting, {});
}

void LiveHub::Remove(const LiveStream& stream) {
  absl::MutexLock lock(&mu_);
  --open_of_all_;
  const auto open = open_.find(stream.reader_);
  if (--open->second == 0) open_.erase(open);
  const auto found = streams_.find(stream.topic_);
  std::erase(found->second, &stream);
  if (found->second.empty()) streams_.erase(found);
}

std::string PostTopic(const std::string& post_id) { return absl::StrCat("post ", post_id); }
std::string RoomTopic(const std::string& channel_id) { return absl::StrCat("room ", channel_id); }

}  // namespace rostrum::gateway
