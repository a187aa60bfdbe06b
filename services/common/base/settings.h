#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/common/base/log.h"

namespace rostrum {

// Settings come from the environment. Each is declared once, where it is read, as required
// or with a default, and with a sentence on what it means; --help prints the declarations.
// All errors are reported together.
//
//   Settings env;
//   const int port = env.Int("PORT", 50051, 1, 65535, "Port of the gRPC server.");
//   if (absl::Status status = env.Check(); !status.ok()) ...
//
// A setting NAME may also be given as NAME_FILE, the path of a file that holds
// the value (for secrets). Not thread-safe; used at start only.
class Settings {
 public:
  // Reads the process environment.
  Settings();
  // Reads the given variables instead (tests).
  explicit Settings(std::map<std::string, std::string> variables);

  std::string Required(absl::string_view name, absl::string_view meaning);
  std::string String(absl::string_view name, absl::string_view fallback, absl::string_view meaning);
  int Int(absl::string_view name, int fallback, int min, int max, absl::string_view meaning);
  bool Bool(absl::string_view name, bool fallback, absl::string_view meaning);
  // A Go-like duration: "30s", "24h", "500ms". Must be positive.
  absl::Duration Duration(absl::string_view name, absl::Duration fallback,
                          absl::string_view meaning);
  // A secret that must be at least `min_bytes` long; its value is never printed.
  std::string Secret(absl::string_view name, size_t min_bytes, absl::string_view meaning);

  // OK, or one INVALID_ARGUMENT that names everything missing or malformed.
  absl::Status Check() const;

  struct Declared {
    std::string name;
    std::string fallback;  // empty if required
    bool required;
    bool secret;
    std::string meaning;
  };
  // What was declared so far, in order.
  const std::vector<Declared>& declared() const { return declared_; }

  // The value as given, or nullptr. Errors of NAME_FILE are collected for Check.
  const std::string* Find(absl::string_view name);
  void AddError(std::string error);

 private:
  std::string RequiredValue(absl::string_view name);

  std::map<std::string, std::string> variables_;
  std::set<std::string> unreadable_;  // NAME_FILE was set, but its file could not be read
  std::vector<Declared> declared_;
  std::vector<std::string> errors_;
};

// CONTENT_TARGET for "content": the address of a service.
std::string ReadTarget(Settings& env, absl::string_view service);

// LOG_LEVEL, for InitLog.
LogLevel ReadLogLevel(Settings& env);

}  // namespace rostrum
