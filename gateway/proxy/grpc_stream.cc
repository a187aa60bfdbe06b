#include "gateway/proxy/grpc_stream.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "boost/asio/async_result.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "gateway/proxy/byte_buffer.h"

namespace rostrum::gateway {
namespace {

// A streaming call. gRPC calls it back on its own threads. A message is read only when Next
// asks for it, so a slow client slows the service down. Keeps itself alive until gRPC is done
// with it.
class Reactor final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                      public std::enable_shared_from_this<Reactor> {
 public:
  Reactor(const BackendCall& call, asio::any_io_executor executor,
          std::shared_ptr<PendingCalls> pending, RpcMetrics& metrics)
      : executor_(std::move(executor)),
        pending_(std::move(pending)),
        metrics_(metrics),
        started_(absl::Now()),
        request_(ToByteBuffer(call.request)) {
    PrepareContext(call.metadata, RpcSpan(), started_ + call.timeout, context_);
    metrics_.Started();
  }

  void Start(grpc::GenericStub& stub, const std::string& method) {
    self_ = shared_from_this();
    pending_->Add({self_, &context_});
    stub.PrepareBidiStreamingCall(&context_, method, grpc::StubOptions(), this);
    StartWriteLast(&request_, grpc::WriteOptions());
    AddHold();  // reads are started later, by Next
    StartCall();
  }

  // `done` is called on the executor: true with a message, false at the end.
  void Next(std::function<void(bool)> done) {
    absl::MutexLock lock(&mu_);
    if (released_) {
      asio::post(executor_, [done = std::move(done)] { done(false); });
      return;
    }
    waiting_ = std::move(done);
    // Under the lock, so that no read starts after the hold was released. StartRead never calls
    // back before it returns.
    StartRead(&response_);
  }

  std::string TakeMessage() { return FromByteBuffer(response_); }
  grpc::Status status() {
    absl::MutexLock lock(&mu_);
    return status_.value_or(grpc::Status(grpc::StatusCode::CANCELLED, "the stream was ended"));
  }

  void Cancel() {
    context_.TryCancel();
    ReleaseHold();
  }

  // gRPC's side.
  void OnReadDone(bool ok) override {
    if (!ok) {
      ReleaseHold();  // OnDone wakes the waiting reader, with the status
      return;
    }
    Wake(true);
  }
  void OnDone(const grpc::Status& status) override {
    {
      absl::MutexLock lock(&mu_);
      released_ = true;
      status_ = status;
    }
    metrics_.Handled(status.error_code(), absl::ToDoubleSeconds(absl::Now() - started_));
    Wake(false);
    const std::shared_ptr<PendingCalls> pending = pending_;
    const grpc::ClientContext* context = &context_;
    self_.reset();
    pending->Remove(context);  // `this` may be gone now
  }

 private:
  void ReleaseHold() {
    absl::MutexLock lock(&mu_);
    if (!std::exchange(released_, true)) RemoveHold();
  }

  void Wake(bool ok) {
    std::function<void(bool)> waiting;
    {
      absl::MutexLock lock(&mu_);
      waiting = std::exchange(waiting_, nullptr);
    }
    if (!waiting) return;
    asio::post(executor_, [waiting = std::move(waiting), ok] { waiting(ok); });
  }

  asio::any_io_executor executor_;
  const std::shared_ptr<PendingCalls> pending_;
  RpcMetrics& metrics_;
  const absl::Time started_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  absl::Mutex mu_;
  std::function<void(bool)> waiting_ ABSL_GUARDED_BY(mu_);
  // No read may be started any more.
  bool released_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<Reactor> self_;
};

class GrpcStream final : public BackendStream {
 public:
  explicit GrpcStream(std::shared_ptr<Reactor> reactor) : reactor_(std::move(reactor)) {}
  ~GrpcStream() override { reactor_->Cancel(); }

  asio::awaitable<bool> Next(std::string& message) override {
    auto initiate = [reactor = reactor_](auto handler) {
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      reactor->Next([shared](bool ok) { (*shared)(ok); });
    };
    const bool ok = co_await asio::async_initiate<decltype(asio::use_awaitable), void(bool)>(
        std::move(initiate), asio::use_awaitable);
    if (ok) message = reactor_->TakeMessage();
    co_return ok;
  }
  grpc::Status status() const override { return reactor_->status(); }
  void Cancel() override { reactor_->Cancel(); }

 private:
  std::shared_ptr<Reactor> reactor_;
};

}  // namespace

std::shared_ptr<BackendStream> OpenGrpcStream(grpc::GenericStub& stub, const BackendCall& call,
                                              const asio::any_io_executor& executor,
                                              std::shared_ptr<PendingCalls> pending,
                                              RpcMetrics& metrics) {
  auto reactor = std::make_shared<Reactor>(call, executor, std::move(pending), metrics);
  reactor->Start(stub, call.method);
  return std::make_shared<GrpcStream>(std::move(reactor));
}

}  // namespace rostrum::gateway
