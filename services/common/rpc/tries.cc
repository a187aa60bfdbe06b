#include "services/common/rpc/tries.h"

#include "services/common/base/status.h"
#include "services/common/rpc/grpc_status.h"

namespace rostrum {
namespace {

constexpr absl::Duration kLeastTry = absl::Milliseconds(100);

}  // namespace

bool IsLate(const grpc::Status& status) {
  if (status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) return false;
  const std::string reason = ReasonOf(FromGrpcStatus(status));
  return reason.empty() || reason == kDeadlineExceeded;
}

Tries::Tries(bool repeatable, absl::Time now, absl::Time deadline)
    : repeatable_(repeatable),
      deadline_(deadline),
      until_(repeatable && deadline != absl::InfiniteFuture() ? now + (deadline - now) * kFirstTry
                                                              : deadline) {}

bool Tries::Again(const grpc::Status& status, const std::string& peer, absl::Time now) {
  if (!repeatable_ || !IsLate(status) || until_ == deadline_ || now >= deadline_) return false;
  const bool is_same = late_peer_.empty() || peer == late_peer_;
  late_peer_ = peer;
  const absl::Duration half = (deadline_ - now) / 2;
  // If DEADLINE_EXCEEDED came well before the end of the try, the replica answered it and does
  // not hang.
  const bool has_waited = now + half > until_;
  until_ = is_same && has_waited && half >= kLeastTry ? now + half : deadline_;
  return true;
}

}  // namespace rostrum
