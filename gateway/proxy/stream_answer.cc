#include "gateway/proxy/stream_answer.h"

#include <utility>

#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "gateway/proxy/error_response.h"
#include "gateway/transcoding/json_response.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {
namespace {

// Frames that wait to be written by the one coroutine that writes. Used on one
// executor only. Holds at most one frame, so that a slow client holds the
// service back.
class Outgoing {
 public:
  explicit Outgoing(const asio::any_io_executor& executor) : ready_(executor), taken_(executor) {
    ready_.expires_at(asio::steady_timer::time_point::max());
    taken_.expires_at(asio::steady_timer::time_point::max());
  }

  // Waits for room. False once the reader has gone.
  asio::awaitable<bool> Put(std::string frame) {
    while (frame_.has_value() && !closed_) co_await Wait(taken_);
    if (closed_) co_return false;
    frame_ = std::move(frame);
    ready_.cancel();
    co_return true;
  }
  // No more will come.
  void Finish() {
    finished_ = true;
    ready_.cancel();
  }
  // Nobody reads any more.
  void Close() {
    closed_ = true;
    taken_.cancel();
    ready_.cancel();
  }
  // The next frame; nullopt after `timeout`, or when nothing more will come.
  asio::awaitable<std::optional<std::string>> Take(absl::Duration timeout) {
    if (!frame_.has_value() && !finished_ && !closed_) {
      ready_.expires_after(absl::ToChronoNanoseconds(timeout));
      co_await Wait(ready_);
    }
    std::optional<std::string> frame = std::exchange(frame_, std::nullopt);
    taken_.cancel();
    co_return frame;
  }
  bool done() const { return closed_ || (finished_ && !frame_.has_value()); }

 private:
  static asio::awaitable<void> Wait(asio::steady_timer& timer) {
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  asio::steady_timer ready_;
  asio::steady_timer taken_;
  std::optional<std::string> frame_;
  bool finished_ = false;
  bool closed_ = false;
};

struct StreamState {
  const Transcoder& transcoder;
  TranscodedRequest transcoded;
  std::shared_ptr<BackendStream> stream;
  std::optional<std::string> first;
  StreamFraming framing;
  absl::Duration heartbeat;
};

std::string Frame(const StreamState& state, const std::string& message) {
  const auto parsed = state.transcoder.ParseResponse(state.transcoded, message);
  if (parsed == nullptr) return "";
  const auto json = ToJson(*parsed, state.transcoded.route->response_field);
  return json.ok() ? FrameMessage(state.framing, *parsed, *json) : "";
}

// Reads the call and puts its messages out as frames.
asio::awaitable<void> Pump(std::shared_ptr<StreamState> state, std::shared_ptr<Outgoing> outgoing) {
  bool open = true;
  if (state->first.has_value()) {
    open = co_await outgoing->Put(Frame(*state, *state->first));
    std::string message;
    while (open && co_await state->stream->Next(message)) {
      open = co_await outgoing->Put(Frame(*state, message));
    }
  }
  const grpc::Status status = state->stream->status();
  if (open && !status.ok()) {
    const HttpAnswer error = ErrorAnswer(ToRpcStatus(status));
    co_await outgoing->Put(FrameError(state->framing, error.body));
  }
  outgoing->Finish();
}

asio::awaitable<void> Write(std::shared_ptr<StreamState> state, http::StreamWriter& writer) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto outgoing = std::make_shared<Outgoing>(executor);
  writer.OnEnd([state, outgoing] {
    state->stream->Cancel();
    outgoing->Close();
  });
  asio::co_spawn(executor, Pump(state, outgoing), asio::detached);
  while (!outgoing->done()) {
    std::optional<std::string> frame = co_await outgoing->Take(state->heartbeat);
    if (outgoing->done() && !frame.has_value()) break;
    std::string bytes = frame.has_value() ? *std::move(frame) : FrameHeartbeat(state->framing);
    if (bytes.empty()) continue;
    if (!co_await writer.Write(std::move(bytes))) break;
  }
  state->stream->Cancel();
  outgoing->Close();
}

}  // namespace

http::HttpResponse StreamAnswer(const Transcoder& transcoder, TranscodedRequest transcoded,
                                std::shared_ptr<BackendStream> stream,
                                std::optional<std::string> first, StreamFraming framing,
                                absl::Duration heartbeat) {
  auto state = std::make_shared<StreamState>(StreamState{
      transcoder, std::move(transcoded), std::move(stream), std::move(first), framing, heartbeat});
  http::HttpResponse response;
  response.headers.Set("Content-Type", ContentTypeOf(framing));
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Accel-Buffering", "no");
  response.compressible = false;
  response.stream = [state](http::StreamWriter& writer) { return Write(state, writer); };
  return response;
}

}  // namespace rostrum::gateway
