#pragma once

#include "absl/time/time.h"

namespace rostrum {

// Blocks SIGTERM and SIGINT and ignores SIGPIPE. Called in main before any
// thread starts.
void BlockStopSignals();

// Lets both end the process at once again: for commands that do one thing and may be
// interrupted.
void UnblockStopSignals();

// Waits for SIGTERM or SIGINT. True if one came, false after `timeout`. Once one has come,
// a second signal ends the process at once, as it does by default.
bool WaitForStopSignal(absl::Duration timeout = absl::InfiniteDuration());

}  // namespace rostrum
