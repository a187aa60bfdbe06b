#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/server_context.h"

namespace rostrum {

// Metadata key: the time at which the caller of an RPC gives up, in milliseconds since
// 1970. gRPC transmits only how much time is left, and the server counts it from when it
// reads the call. A replica that was paused for a while would therefore carry out calls
// that their callers have given up, repeated, or replaced by something newer. Callers whose
// clock differs from ours leave it out.
inline constexpr char kDeadlineKey[] = "x-rostrum-deadline";

// The clocks of callers and services differ by this much at most.
inline constexpr absl::Duration kDeadlineLeeway = absl::Seconds(2);

// Makes the call end at `deadline`, a time of the system clock, and sends that time along.
void SetDeadline(grpc::ClientContext& ctx, absl::Time deadline);

// The earlier of gRPC's own deadline and `stated`, the metadata of kDeadlineKey, with its
// leeway. InfiniteFuture if there is neither.
absl::Time DeadlineOf(const grpc::ServerContextBase& ctx, absl::string_view stated);

// Whether a call may have waited for long before this process read it, so that its caller
// may have given up. That is so if gRPC's own deadline, which counts from the reading, is
// later than the one that the caller stated. True if there is only gRPC's, false if there
// is none. (Asking gRPC itself whether a call is cancelled is expensive: a sync server then
// searches a queue that all its threads share.)
bool MayHaveWaited(const grpc::ServerContextBase& ctx, absl::string_view stated);

}  // namespace rostrum
