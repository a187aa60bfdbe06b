#include "gateway/web/visitor_reads.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/request_context.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

// Two keep content busy while answers are on their way.
constexpr size_t kMaxCalls = 2;
constexpr size_t kMaxReads = 200;  // content takes 500
// Most whole texts in one answer, which may have 16 MiB.
constexpr size_t kMaxTexts = 32;

}  // namespace

VisitorReads::VisitorReads(Backends& backends, const ServiceCaller& gateway,
                           absl::Duration long_call)
    : backends_(backends),
      gateway_(gateway),
      limits_{.calls = kMaxCalls, .long_call = long_call},
      turns_(std::make_shared<ReadTurns>(
          limits_, backends.sharers("content"),
          [this](std::vector<cpb::VisitorRead> reads, const CallerContext& cause) {
            return Send(std::move(reads), cause);
          },
          Share)) {}

asio::awaitable<absl::StatusOr<cpb::VisitorReading>> VisitorReads::Read(
    cpb::VisitorRead read, const CallerContext& caller) {
  return turns_->Join(std::move(read), caller, "visitor_reads.Read");
}

size_t VisitorReads::Share(const std::deque<ReadTurns::Waiting>& queue) {
  const size_t most = std::min(queue.size(), kMaxReads);
  size_t texts = 0;
  for (size_t reads = 0; reads < most; ++reads) {
    texts += queue[reads].question.held_body_version().empty() ? 1 : 0;
    if (texts > kMaxTexts) return reads;
  }
  return most;
}

asio::awaitable<absl::StatusOr<std::vector<cpb::VisitorReading>>> VisitorReads::Send(
    std::vector<cpb::VisitorRead> reads, const CallerContext& cause) {
  cpb::BatchReadPostsRequest request;
  for (cpb::VisitorRead& read : reads) *request.add_reads() = std::move(read);
  BackendCall call{.service = "content",
                   .method = "/rostrum.content.v1.PostService/BatchReadPosts",
                   .request = request.SerializeAsString(),
                   .metadata = cause.MetadataFor("content"),
                   .timeout = limits_.call_time};
  call.metadata.emplace_back(kIdentityKey, gateway_.IdentityToken());
  const UnaryResult result = co_await backends_.Call(std::move(call));
  if (!result.status.ok()) co_return FromGrpcStatus(result.status);
  cpb::BatchReadPostsResponse response;
  if (!response.ParseFromString(result.message) ||
      static_cast<size_t>(response.readings_size()) != reads.size()) {
    co_return absl::InternalError("content answered something else");
  }
  auto& readings = *response.mutable_readings();
  co_return std::vector<cpb::VisitorReading>(std::make_move_iterator(readings.begin()),
                                             std::make_move_iterator(readings.end()));
}

}  // namespace rostrum::gateway
