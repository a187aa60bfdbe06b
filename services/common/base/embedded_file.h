#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace rostrum {

// A file that the build put into the binary (services/embed.cmake).
struct EmbeddedFile {
  // A view of read-only memory that lives as long as the process.
  struct Bytes {
    const char* data;
    size_t size;
    std::string ToString() const { return std::string(data, size); }
  };
  std::string name;
  Bytes bytes;
};

}  // namespace rostrum
