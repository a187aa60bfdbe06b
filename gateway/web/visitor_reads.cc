#include "gateway/web/visitor_reads.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "boost/asio/async_result.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/request_context.h"
#include "services/common/rpc/tries.h"
#include "services/common/trace/span.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

constexpr absl::Duration kCallTime = absl::Milliseconds(3750);
// Reads that have waited as long as the first try of a call fail with one that runs out of time.
const absl::Duration kPatience = kCallTime * kFirstTry;
// Two keep content busy while answers are on their way. More would make the batches smaller,
// and each read more expensive.
constexpr size_t kMaxCalls = 2;
// Including calls that take long. About as many as get stuck in one hanging replica until the
// first of them is given up.
constexpr size_t kMaxWithLong = 24;
constexpr size_t kMaxReads = 200;  // content takes 500
// Most whole texts in one answer, which may have 16 MiB.
constexpr size_t kMaxTexts = 32;

}  // namespace

asio::awaitable<absl::StatusOr<cpb::VisitorReading>> VisitorReads::Read(
    cpb::VisitorRead read, const CallerContext& caller) {
  Span span = Span::ChildOf(caller.trace, SpanKind::kInternal, "visitor_reads.Read");
  CallerContext cause;
  cause.request_id = caller.request_id;
  cause.trace = span.recorded() ? span.context() : caller.trace;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  // Named: g++ 12 miscompiles a lambda with captures inside co_await.
  auto initiate = [this, executor, read = std::move(read),
                   cause = std::move(cause)](auto handler) mutable {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto done = [shared, executor, work = asio::make_work_guard(executor)](Result result) {
      asio::post(executor,
                 [shared, result = std::move(result)]() mutable { (*shared)(std::move(result)); });
    };
    Turn turn = Add({std::move(read), std::move(cause), absl::Now(), std::move(done)});
    if (!turn.batch.empty()) asio::co_spawn(executor, Send(std::move(turn)), asio::detached);
  };
  Result result = co_await asio::async_initiate<decltype(asio::use_awaitable), void(Result)>(
      std::move(initiate), asio::use_awaitable);
  if (!result.ok()) span.Fail(absl::StatusCodeToString(result.status().code()));
  co_return result;
}

VisitorReads::Turn VisitorReads::Take() {
  const absl::Time now = absl::Now();
  const size_t lately = std::distance(under_way_.upper_bound(now - long_call_), under_way_.end());
  if (lately >= kMaxCalls || under_way_.size() >= kMaxWithLong || queue_.empty()) return {};
  size_t texts = 0;
  auto end = queue_.begin();
  for (size_t reads = 0; end != queue_.end() && reads < kMaxReads; ++end, ++reads) {
    texts += end->read.held_body_version().empty() ? 1 : 0;
    if (texts > kMaxTexts) break;
  }
  Batch batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return {std::move(batch), under_way_.insert(now)};
}

VisitorReads::Turn VisitorReads::Add(Waiting waiting) {
  absl::MutexLock lock(&mu_);
  queue_.push_back(std::move(waiting));
  return Take();
}

VisitorReads::Turn VisitorReads::Next(Began::iterator over) {
  absl::MutexLock lock(&mu_);
  under_way_.erase(over);
  return Take();
}

void VisitorReads::TakeLate(Batch& batch) {
  const absl::Time begun = absl::Now() - kPatience;
  absl::MutexLock lock(&mu_);
  while (!queue_.empty() && queue_.front().since <= begun) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
}

CallMetadata VisitorReads::MetadataOf(const Batch& batch) const {
  const auto recorded = std::find_if(batch.begin(), batch.end(), [](const Waiting& waiting) {
    return waiting.cause.trace.sampled;
  });
  const Waiting& first = recorded == batch.end() ? batch.front() : *recorded;
  CallMetadata metadata = first.cause.MetadataFor("content");
  metadata.emplace_back(kIdentityKey, gateway_.IdentityToken());
  return metadata;
}

asio::awaitable<void> VisitorReads::Send(Turn turn) {
  for (; !turn.batch.empty(); turn = Next(turn.began)) {
    Batch& batch = turn.batch;
    cpb::BatchReadPostsRequest request;
    for (Waiting& waiting : batch) *request.add_reads() = std::move(waiting.read);
    const BackendCall call{.service = "content",
                           .method = "/rostrum.content.v1.PostService/BatchReadPosts",
                           .request = request.SerializeAsString(),
                           .metadata = MetadataOf(batch),
                           .timeout = kCallTime};
    const UnaryResult result = co_await backends_.Call(call);
    cpb::BatchReadPostsResponse response;
    absl::Status status;
    if (!result.status.ok()) {
      status = FromGrpcStatus(result.status);
    } else if (!response.ParseFromString(result.message) ||
               static_cast<size_t>(response.readings_size()) != batch.size()) {
      status = absl::InternalError("content answered something else");
    }
    if (absl::IsDeadlineExceeded(status)) TakeLate(batch);  // they would wait in vain too
    for (size_t i = 0; i < batch.size(); ++i) {
      if (status.ok()) {
        batch[i].done(std::move(*response.mutable_readings(static_cast<int>(i))));
      } else {
        batch[i].done(status);
      }
    }
  }
}

}  // namespace rostrum::gateway
