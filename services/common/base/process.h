#pragma once

#include <string>

namespace rostrum {

// What every server of ours does first in main, before any thread starts: signals,
// libsodium, log lines of the level info in the name of the service, abseil's search for
// deadlocks off.
void InitProcess(const std::string& service);

}  // namespace rostrum
