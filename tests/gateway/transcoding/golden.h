#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace rostrum::gateway {

inline std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Compares with a checked-in file; `make golden` writes it anew.
inline void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(GOLDEN_DIR) + "/" + name;
  if (std::getenv("ROSTRUM_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  const std::string expected = ReadFile(path);
  if (text == expected) return;
  std::istringstream is(text), want(expected);
  std::string a, b;
  int line = 0;
  do {
    a.clear(), b.clear();
    std::getline(is, a), std::getline(want, b);
    ++line;
  } while (a == b && is && want);
  FAIL() << path << ":" << line << " differs (make golden writes it anew)\n  is   " << a
         << "\n  want " << b;
}

}  // namespace rostrum::gateway
