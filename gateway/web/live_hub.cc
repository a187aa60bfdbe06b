#include "gateway/web/live_hub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace rostrum::gateway {

LiveStream::LiveStream(LiveHub& hub, std::string topic, const asio::any_io_executor& executor)
    : hub_(hub), topic_(std::move(topic)), executor_(executor), timer_(executor) {}

LiveStream::~LiveStream() { hub_.Remove(topic_, this); }

void LiveStream::Notify(const TraceContext& cause) {
  asio::post(executor_, [self = shared_from_this(), cause] {
    self->changed_ = true;
    if (cause.sampled) self->cause_ = cause;
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

std::shared_ptr<LiveStream> LiveHub::Open(const std::string& topic, absl::Time since,
                                          const asio::any_io_executor& executor) {
  auto stream = std::make_shared<LiveStream>(*this, topic, executor);
  since -= kClocks;
  bool missed = false;
  {
    absl::MutexLock lock(&mu_);
    streams_[topic].push_back(stream.get());
    const auto change = changes_.find(topic);
    missed = since < known_from_ || (change != changes_.end() && since <= change->second);
  }
  if (missed) stream->Notify();
  return stream;
}

void LiveHub::Keep(const Streams& streams, std::vector<std::shared_ptr<LiveStream>>& kept) {
  for (LiveStream* stream : streams) {
    // One that is just going away waits in its destructor for our lock.
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
  const TraceContext none;
  size_t told = 0;
  for (const auto& stream : waiting) {
    stream->Notify(told++ < kTracedStreams ? TraceContext::Current() : none);
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
  for (const auto& stream : waiting) stream->Notify();
}

void LiveHub::Remove(const std::string& topic, const LiveStream* stream) {
  absl::MutexLock lock(&mu_);
  const auto found = streams_.find(topic);
  if (found == streams_.end()) return;
  std::erase(found->second, stream);
  if (found->second.empty()) streams_.erase(found);
}

std::string PostTopic(const std::string& post_id) { return absl::StrCat("post ", post_id); }
std::string RoomTopic(const std::string& channel_id) { return absl::StrCat("room ", channel_id); }

}  // namespace rostrum::gateway
