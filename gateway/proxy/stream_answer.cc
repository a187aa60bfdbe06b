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
#include "google/rpc/status.pb.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum::gateway {
namespace {

// Frames that wait to be written by the one coroutine that writes. Used on one
// executor only. Holds at most one frame, so that a slow client slows
// the service down.
class Outgoing {
 public:
  explicit Outgoing(const asio::any_io_executor& executor) : ready_(executor), taken_(executor) {
    ready_.expires_at(asio::steady_timer::time_point::max());
    taken_.expires_at(asio::steady_timer::time_point::max());
  }

  // The status line has been sent: errors are frames from now on.
  void Begin() { begun_ = true; }
  bool begun() const { return begun_; }
  // Why the call failed, if it failed before that.
  const std::optional<google::rpc::Status>& error() const { return error_; }
  void set_error(google::rpc::Status error) { error_ = std::move(error); }

  // Waits until the frame before has been taken. False once the client has gone.
  asio::awaitable<bool> Put(std::string frame) {
    while (frame_.has_value() && !closed_) co_await Wait(taken_);
    if (closed_) co_return false;
    begun_ = true;  // the first frame decides the status line
    frame_ = std::move(frame);
    ready_.cancel();
    co_return true;
  }
  // No more will come.
  void Finish() {
    finished_ = true;
    ready_.cancel();
  }
  // The client has gone.
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
  std::optional<google::rpc::Status> error_;
  bool begun_ = false;
  bool finished_ = false;
  bool closed_ = false;
};

struct StreamState {
  const Transcoder& transcoder;
  TranscodedRequest transcoded;
  std::shared_ptr<BackendStream> stream;
  StreamOptions options;
};

// Empty if the message cannot be written as JSON.
std::string Frame(const StreamState& state, const std::string& message) {
  const auto parsed = state.transcoder.ParseResponse(state.transcoded, message);
  if (parsed == nullptr) return "";
  const auto json = ToJson(*parsed, state.transcoded.route->response_field);
  return json.ok() ? FrameMessage(state.options.framing, *parsed, *json) : "";
}

// Reads the call and puts its messages out as frames. An error is a frame only
// once the status line has been sent.
asio::awaitable<void> Pump(std::shared_ptr<StreamState> state, std::shared_ptr<Outgoing> outgoing) {
  std::string message;
  bool open = true;
  while (open && co_await state->stream->Next(message)) {
    open = co_await outgoing->Put(Frame(*state, message));
  }
  const google::rpc::Status status = ToRpcStatus(state->stream->status());
  if (open && status.code() != 0) {
    if (outgoing->begun()) {
      co_await outgoing->Put(FrameError(state->options.framing, ErrorAnswer(status).body));
    } else {
      outgoing->set_error(status);
    }
  }
  outgoing->Finish();
}

// Ends the call when the answer is destroyed.
class Ending {
 public:
  Ending(std::shared_ptr<StreamState> state, std::shared_ptr<Outgoing> outgoing)
      : state_(std::move(state)), outgoing_(std::move(outgoing)) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() {
    state_->stream->Cancel();
    outgoing_->Close();
  }

 private:
  const std::shared_ptr<StreamState> state_;
  const std::shared_ptr<Outgoing> outgoing_;
};

asio::awaitable<void> Write(std::shared_ptr<StreamState> state, std::shared_ptr<Outgoing> outgoing,
                            std::optional<std::string> frame, http::StreamWriter& writer) {
  writer.OnEnd([state, outgoing] {
    state->stream->Cancel();
    outgoing->Close();
  });
  while (frame.has_value() || !outgoing->done()) {
    std::string bytes =
        frame.has_value() ? *std::move(frame) : FrameHeartbeat(state->options.framing);
    if (!bytes.empty()) {
      const bool taken = co_await writer.Write(std::move(bytes));
      if (!taken) break;
    }
    frame = co_await outgoing->Take(state->options.heartbeat);
  }
}

}  // namespace

asio::awaitable<http::HttpResponse> StreamAnswer(const Transcoder& transcoder,
                                                 TranscodedRequest transcoded,
                                                 std::shared_ptr<BackendStream> stream,
                                                 StreamOptions options) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto state = std::make_shared<StreamState>(
      StreamState{transcoder, std::move(transcoded), std::move(stream), options});
  auto outgoing = std::make_shared<Outgoing>(executor);
  // Owned by the answer, so that an answer that is never written ends the call too.
  auto ending = std::make_shared<Ending>(state, outgoing);
  asio::co_spawn(executor, Pump(state, outgoing), asio::detached);

  const std::optional<std::string> first = co_await outgoing->Take(options.first_message_timeout);
  if (!first.has_value() && outgoing->error().has_value()) {
    co_return ErrorResponse(*outgoing->error());
  }
  outgoing->Begin();
  http::HttpResponse response;
  response.headers.Set("Content-Type", ContentTypeOf(options.framing));
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Accel-Buffering", "no");
  response.compressible = false;
  response.stream = [state, outgoing, ending, first](http::StreamWriter& writer) {
    return Write(state, outgoing, first, writer);
  };
  co_return response;
}

}  // namespace rostrum::gateway
