#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

// What a parser must hold for any bytes whatsoever.
//
//   FUZZ_TARGET(cookies) {
//     const auto cookies = Cookies::Parse(input);
//     REQUIRE(!cookies.ok() || cookies->size() <= 64, input);
//   }
//
// With -DFUZZ=ON each target is a libFuzzer program (make fuzz); in every other
// build fuzz_corpus_test runs all of them on the files of corpus/.

namespace rostrum::fuzz {

using Target = void (*)(absl::string_view input);

#ifndef ROSTRUM_FUZZ
// Every target of the program, by its name.
std::vector<std::pair<std::string, Target>>& Targets();
inline bool Register(const char* name, Target target) {
  Targets().emplace_back(name, target);
  return true;
}
#endif

// Ends the program; says what did not hold, and a value to see why.
[[noreturn]] void Fail(const char* file, int line, const char* condition, absl::string_view value);

// Takes the text up to the next line break (or all of it) off `input`.
absl::string_view TakeLine(absl::string_view& input);

}  // namespace rostrum::fuzz

#define REQUIRE(condition, value)                                     \
  do {                                                                \
    if (!(condition)) {                                               \
      ::rostrum::fuzz::Fail(__FILE__, __LINE__, #condition, (value)); \
    }                                                                 \
  } while (false)

#ifdef ROSTRUM_FUZZ
#define FUZZ_TARGET(name)                                                     \
  static void Run_##name(absl::string_view input);                            \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {   \
    Run_##name(absl::string_view(reinterpret_cast<const char*>(data), size)); \
    return 0;                                                                 \
  }                                                                           \
  static void Run_##name(absl::string_view input)
#else
#define FUZZ_TARGET(name)                                \
  static void Run_##name(absl::string_view input);       \
  [[maybe_unused]] static const bool registered_##name = \
      ::rostrum::fuzz::Register(#name, Run_##name);      \
  static void Run_##name(absl::string_view input)
#endif
