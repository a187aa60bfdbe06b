#pragma once

namespace rostrum {

// The release, as CMakeLists.txt names it.
extern const char* const kVersion;

}  // namespace rostrum
