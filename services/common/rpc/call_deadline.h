#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/server_context.h"

namespace rostrum {

// When the caller of an RPC gives up, in milliseconds since 1970. gRPC hands on only how
// much time is left, and counts it from when the other side reads the call: a replica that
// was stopped for a while would do what its caller has given up and asked for again, or
// has replaced by something newer. Callers whose clock is not ours leave it out.
inline constexpr char kDeadlineKey[] = "x-rostrum-deadline";

// Clocks of callers are as far apart, at most.
inline constexpr absl::Duration kDeadlineLeeway = absl::Seconds(2);

// Has the call end at `deadline`, a time of the real clock, and says so to the other side.
void SetDeadline(grpc::ClientContext& ctx, absl::Time deadline);

// The earlier of gRPC's own and what the caller stated, the metadata of kDeadlineKey;
// InfiniteFuture if there is neither.
absl::Time DeadlineOf(const grpc::ServerContextBase& ctx, absl::string_view stated);

// Whether a call may have waited for long before it was read here, so that its caller may
// have given up: gRPC's own deadline, counted from then, is later than what was stated.
// True if only gRPC's is there, false if there is none at all. (Asking gRPC itself whether a call
// is cancelled is dear: a sync server then looks through the queue that all its threads share.)
bool MayHaveWaited(const grpc::ServerContextBase& ctx, absl::string_view stated);

}  // namespace rostrum
