#include "services/common/rpc/call_deadline.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rostrum {
namespace {

absl::Time OwnDeadline(const grpc::ServerContextBase& ctx) {
  const std::chrono::system_clock::time_point deadline = ctx.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return absl::FromChrono(deadline);
}

absl::Time StatedDeadline(const grpc::ServerContextBase& ctx) {
  const auto [first, last] = ctx.client_metadata().equal_range(kDeadlineKey);
  int64_t milliseconds = 0;
  if (first == last || std::next(first) != last ||
      !absl::SimpleAtoi(absl::string_view(first->second.data(), first->second.size()),
                        &milliseconds)) {
    return absl::InfiniteFuture();
  }
  return absl::FromUnixMillis(milliseconds) + kDeadlineLeeway;
}

}  // namespace

void SetDeadline(grpc::ClientContext& ctx, absl::Time deadline) {
  ctx.set_deadline(absl::ToChronoTime(deadline));
  ctx.AddMetadata(kDeadlineKey, absl::StrCat(absl::ToUnixMillis(deadline)));
}

absl::Time DeadlineOf(const grpc::ServerContextBase& ctx) {
  return std::min(OwnDeadline(ctx), StatedDeadline(ctx));
}

}  // namespace rostrum
