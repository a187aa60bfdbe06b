#include "gateway/proxy/event_tail.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/rpc/event_position.h"
#include "services/common/rpc/event_span.h"
#include "services/common/rpc/grpc_status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

constexpr absl::Duration kReconnect = absl::Milliseconds(500);

event::v1::Position FromNowOn() {
  event::v1::Position position;
  position.set_epoch(kNoEpoch);
  return position;
}

}  // namespace

EventTail::EventTail(const EventSource& source, Options options)
    : source_(source),
      options_(std::move(options)),
      stub_(event::v1::EventService::NewStub(source.channel)),
      position_(FromNowOn()),
      prompt_(options_.prompt),
      worker_(absl::StrCat("tail-", source.name), kReconnect, [this] { return PullOnce(); }) {}

EventTail::~EventTail() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    if (running_ != nullptr) running_->TryCancel();
  }
  worker_.Stop();
}

absl::Status EventTail::PullOnce() {
  event::v1::PullEventsRequest request;
  *request.mutable_after() = position_;
  for (const std::string& type : options_.types) request.add_types(type);
  request.set_watermarks(options_.known_until != nullptr);
  const absl::Status status = Read(request);
  if (const auto points = ResumePointsIn(status)) {
    position_ = points->after_snapshot;
    options_.missed();
    worker_.Wake();
    return absl::OkStatus();
  }
  // Streams end now and then (connection age); that is no error.
  absl::MutexLock lock(&mu_);
  return stopping_ || absl::IsUnavailable(status) ? absl::OkStatus() : status;
}

absl::Status EventTail::Read(const event::v1::PullEventsRequest& request) {
  grpc::ClientContext context;
  ServiceCaller::Stream stream = source_.caller.Open(kPullEventsPath, &context);
  {
    absl::MutexLock lock(&mu_);
    if (stopping_) return absl::OkStatus();
    running_ = &context;
  }
  opened_ = absl::Now();
  first_watermark_ = absl::InfiniteFuture();
  auto reader = stub_->PullEvents(&context, request);
  event::v1::PullEventsResponse response;
  bool is_prompt = true;
  while (is_prompt && reader->Read(&response)) is_prompt = Apply(response);
  if (!is_prompt) context.TryCancel();
  const grpc::Status status = reader->Finish();
  stream.Ended(status);
  absl::MutexLock lock(&mu_);
  running_ = nullptr;
  return is_prompt ? FromGrpcStatus(status) : absl::OkStatus();
}

bool EventTail::Apply(const event::v1::PullEventsResponse& response) {
  for (const event::v1::Event& event : response.events()) {
    const Span span = ConsumerSpan(event);
    const ScopedTrace bound(span.recorded() ? span.context() : TraceContext::Current());
    options_.on_event(event);
  }
  position_ = response.position();
  if (!options_.known_until) return true;
  if (response.held_back()) options_.known_until(absl::InfinitePast());
  if (!response.has_watermark()) return true;
  const absl::Time watermark = FromProtoTime(response.watermark());
  const absl::Time now = absl::Now();
  const bool is_first = first_watermark_ == absl::InfiniteFuture();
  const bool is_prompt = !is_first || now - opened_ <= prompt_;
  if (is_first) {
    first_watermark_ = watermark;
    prompt_ = is_prompt ? options_.prompt : 2 * prompt_;
  }
  // At most now, in case the producer's clock was set forward.
  options_.known_until(std::min(opened_ + (watermark - first_watermark_), now));
  return is_prompt;
}

}  // namespace rostrum::gateway
