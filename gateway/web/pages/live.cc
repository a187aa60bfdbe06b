#include <utility>

#include "absl/strings/numbers.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "services/common/trace/messaging.h"
#include "services/common/trace/span.h"

namespace rostrum::gateway {
namespace {

namespace mpb = rostrum::comment::v1;

// A stream ends after a while; the browser opens it again, and is asked again
// who it is and what it may see.
constexpr absl::Duration kStreamTime = absl::Minutes(10);
constexpr absl::Duration kHeartbeat = absl::Seconds(15);

asio::awaitable<void> WriteHints(std::shared_ptr<LiveStream> live, http::StreamWriter& writer) {
  writer.OnEnd([live] { live->Close(); });
  std::string next = "retry: 3000\n\n";
  const auto end = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(kStreamTime);
  Span telling;
  while (!live->closed() && std::chrono::steady_clock::now() < end) {
    const bool taken = co_await writer.Write(std::move(next));
    telling.End();
    if (!taken) break;
    const bool changed = co_await live->Wait(kHeartbeat);
    telling = Span::ChildOf(live->TakeCause(), SpanKind::kProducer, "browser tell");
    DescribePublish(telling, "server_sent_events", "changed", "tell");
    next = changed ? "event: changed\ndata: {}\n\n" : ": keep-alive\n\n";
  }
}

http::HttpResponse OpenStream(Page& page, const std::string& topic) {
  int64_t since = 0;
  if (!absl::SimpleAtoi(page.query.Get("since"), &since)) since = 0;
  auto live = page.site.live.Open(topic, absl::FromUnixMillis(since), page.request.executor);
  http::HttpResponse response;
  response.headers.Set("Content-Type", "text/event-stream");
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Accel-Buffering", "no");
  response.compressible = false;
  response.stream = [live](http::StreamWriter& writer) { return WriteHints(live, writer); };
  return response;
}

// Opens a stream to who may read the discussion.
PageAnswer StreamDiscussion(Page& page, mpb::ListCommentsRequest request, std::string topic) {
  request.set_page_size(1);
  const auto allowed = co_await page.calls.Call(rpcs::kListComments, request);
  if (!allowed.ok()) co_return page.Fail(allowed.status());
  co_return OpenStream(page, topic);
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
  co_return OpenStream(page, kPublishedTopic);
}

}  // namespace

void AddLivePages(PageRoutes& routes) {
  routes.push_back({"GET", "/live/posts/{post_id}", PostStream});
  routes.push_back({"GET", "/live/rooms/{channel_id}", RoomStream});
  routes.push_back({"GET", "/live/feed", FeedStream});
}

}  // namespace rostrum::gateway
