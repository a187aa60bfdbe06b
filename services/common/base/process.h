#pragma once

#include <string>

namespace rostrum {

// Call first in main, before any thread starts. Sets up signals, libsodium and the log
// (level info, in the name of `service`), and turns abseil's deadlock detection off.
void InitProcess(const std::string& service);

}  // namespace rostrum
