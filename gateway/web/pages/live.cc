#include <algorithm>
#include <memory>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "services/common/trace/messaging.h"
#include "services/common/trace/span.h"

namespace rostrum::gateway {
namespace {

namespace mpb = rostrum::comment::v1;

// A stream ends after a while. The browser opens it again, and its access is checked again.
constexpr absl::Duration kStreamTime = absl::Minutes(10);
constexpr absl::Duration kHeartbeat = absl::Seconds(15);
// How long a browser waits before it opens a broken stream again. Spread, so that not all come
// at once after a restart.
constexpr absl::Duration kRetry = absl::Seconds(3);
constexpr absl::Duration kRetrySpread = absl::Seconds(5);
// How many of the browsers that are notified of a change ask for it within a second.
constexpr size_t kReadersPerSecond = 300;
constexpr size_t kLongestSpread = 30'000;

// The event sent to a browser: within how many milliseconds it is to ask what has changed.
std::string ChangedEvent(const LiveChange& change) {
  const size_t within = std::min(change.readers * 1000 / kReadersPerSecond, kLongestSpread);
  return absl::StrCat("event: changed\ndata: {\"within\":", within, "}\n\n");
}

std::string RetryLine() {
  thread_local absl::BitGen random;
  const absl::Duration after = kRetry + absl::Uniform(random, 0.0, 1.0) * kRetrySpread;
  return absl::StrCat("retry: ", absl::ToInt64Milliseconds(after), "\n\n");
}

asio::awaitable<void> WriteHints(std::shared_ptr<LiveStream> live, http::StreamWriter& writer) {
  writer.OnEnd([live] { live->Close(); });
  std::string next = RetryLine();
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(kStreamTime);
  Span telling;
  while (!live->closed() && std::chrono::steady_clock::now() < end) {
    const bool taken = co_await writer.Write(std::move(next));
    telling.End();
    if (!taken) break;
    const bool changed = co_await live->Wait(kHeartbeat);
    const LiveChange change = live->TakeChange();
    telling = Span::ChildOf(change.cause, SpanKind::kProducer, "browser tell");
    DescribePublish(telling, "server_sent_events", "changed", "tell");
    next = changed ? ChangedEvent(change) : ": keep-alive\n\n";
  }
}

absl::StatusOr<std::shared_ptr<LiveStream>> OpenStream(Page& page, const std::string& topic) {
  int64_t since = 0;
  if (!absl::SimpleAtoi(page.query.Get("since"), &since)) since = 0;
  return page.site.live.Open(topic, absl::FromUnixMillis(since), page.caller,
                             page.request.executor);
}

http::HttpResponse Send(std::shared_ptr<LiveStream> live) {
  http::HttpResponse response;
  response.headers.Set("Content-Type", "text/event-stream");
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Accel-Buffering", "no");
  response.compressible = false;
  response.stream = [live = std::move(live)](http::StreamWriter& writer) {
    return WriteHints(live, writer);
  };
  return response;
}

// Opens a stream if the caller may read the discussion.
PageAnswer StreamDiscussion(Page& page, mpb::ListCommentsRequest request, std::string topic) {
  // Before anything is asked of the services, since there may be no place for it.
  auto live = OpenStream(page, topic);
  if (!live.ok()) co_return page.Fail(live.status());
  request.set_page_size(1);
  const auto allowed = co_await page.calls.Call(rpcs::kListComments, request);
  if (!allowed.ok()) co_return page.Fail(allowed.status());
  co_return Send(*std::move(live));
}

PageAnswer PostStream(Page& page) {
  mpb::ListCommentsRequest request;
  request.set_post_id(page.path.at("post_id"));
  std::string topic = PostTopic(request.post_id());
  co_return co_await StreamDiscussion(page, std::move(request), std::move(topic));
}

PageAnswer RoomStream(Page& page) {
  mpb::ListCommentsRequest request;
  request.set_channel_id(page.path.at("channel_id"));
  std::string topic = RoomTopic(request.channel_id());
  co_return co_await StreamDiscussion(page, std::move(request), std::move(topic));
}

PageAnswer FeedStream(Page& page) {
  if (!page.SignedIn()) {
    co_return page.Fail(
        Error(absl::StatusCode::kPermissionDenied, "NO_FEED", "nobody is signed in"));
  }
  auto live = OpenStream(page, kPublishedTopic);
  if (!live.ok()) co_return page.Fail(live.status());
  co_return Send(*std::move(live));
}

}  // namespace

void AddLivePages(PageRoutes& routes) {
  routes.push_back({"GET", "/live/posts/{post_id}", PostStream});
  routes.push_back({"GET", "/live/rooms/{channel_id}", RoomStream});
  routes.push_back({"GET", "/live/feed", FeedStream});
}

}  // namespace rostrum::gateway
