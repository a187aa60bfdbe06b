#include "services/common/rpc/call_deadline.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rostrum {
namespace {

// A larger difference means that the call waited: gRPC's rounding of the timeout that it sends
// makes no more than a tenth of a second.
constexpr absl::Duration kLongWait = absl::Milliseconds(500);

absl::Time OwnDeadline(const grpc::ServerContextBase& ctx) {
  const std::chrono::system_clock::time_point deadline = ctx.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

absl::Time StatedDeadline(absl::string_view stated) {
  int64_t milliseconds = 0;
  if (!absl::SimpleAtoi(stated, &milliseconds)) return absl::InfiniteFuture();
  return absl::FromUnixMillis(milliseconds);
}

}  // namespace

void SetDeadline(grpc::ClientContext& ctx, absl::Time deadline) {
  ctx.set_deadline(absl::ToChronoTime(deadline));
  ctx.AddMetadata(kDeadlineKey, absl::StrCat(absl::ToUnixMillis(deadline)));
}

absl::Time DeadlineOf(const grpc::ServerContextBase& ctx, absl::string_view stated) {
  return std::min(OwnDeadline(ctx), StatedDeadline(stated) + kDeadlineLeeway);
}

bool MayHaveWaited(const grpc::ServerContextBase& ctx, absl::string_view stated) {
  const absl::Time own = OwnDeadline(ctx);
  const absl::Time deadline = StatedDeadline(stated);
  if (deadline == absl::InfiniteFuture()) return own != absl::InfiniteFuture();
  return own - deadline > kLongWait;
}

}  // namespace rostrum
