#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace rostrum {

// One JSON object a line on stderr:
//   {"ts":"2026-11-23T12:00:00.123456Z","level":"info","service":"content",
//    "msg":"listening","port":50053}
// Ids may be logged; addresses, tokens, mail addresses and bodies may not.
// Thread-safe.
enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string key;
  std::variant<std::string, int64_t, double, bool> value;
  LogField(absl::string_view k, absl::string_view v) : key(k), value(std::string(v)) {}
  LogField(absl::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(absl::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(absl::string_view k, bool v) : key(k), value(v) {}
  LogField(absl::string_view k, double v) : key(k), value(v) {}
  LogField(absl::string_view k, int64_t v) : key(k), value(v) {}
  LogField(absl::string_view k, int v) : key(k), value(static_cast<int64_t>(v)) {}
};
using LogFields = std::vector<LogField>;

// Sets the "service" field and the least level that is written. Once, at start.
void InitLog(absl::string_view service, LogLevel least);

void Log(LogLevel level, absl::string_view message, const LogFields& fields = {});
// Whether lines of that level are written, for fields that cost something.
bool LogEnabled(LogLevel level);
inline void LogDebug(absl::string_view m, const LogFields& f = {}) { Log(LogLevel::kDebug, m, f); }
inline void LogInfo(absl::string_view m, const LogFields& f = {}) { Log(LogLevel::kInfo, m, f); }
inline void LogWarning(absl::string_view m, const LogFields& f = {}) {
  Log(LogLevel::kWarning, m, f);
}
inline void LogError(absl::string_view m, const LogFields& f = {}) { Log(LogLevel::kError, m, f); }

// Lines of one kind that a flood of requests can cause: of each level at most
// `per_second` are written, and the next says how many were left out ("left_out"). So
// warnings push no error out. Lines of level debug are not limited. Thread-safe.
class LogBudget {
 public:
  explicit LogBudget(int64_t per_second) : per_second_(per_second) {}
  void Log(LogLevel level, absl::string_view message, LogFields fields);

 private:
  struct Used {
    std::atomic<int64_t> second{0};
    std::atomic<int64_t> lines{0};
    std::atomic<int64_t> left_out{0};
  };
  // False if this second's lines of a level are used up.
  bool Take(Used& used, int64_t* left_out);

  const int64_t per_second_;
  Used used_[4];  // by level
};

// Sends finished lines (no line break) elsewhere; nullptr restores stderr.
using LogSink = void (*)(const std::string& line);
void SetLogSink(LogSink sink);

// Fields that Log adds to every line of this thread, such as the request id.
class ScopedLogFields {
 public:
  explicit ScopedLogFields(LogFields fields);
  ~ScopedLogFields();
  ScopedLogFields(const ScopedLogFields&) = delete;
  ScopedLogFields& operator=(const ScopedLogFields&) = delete;

 private:
  LogFields fields_;
  const ScopedLogFields* outer_;
  friend void Log(LogLevel, absl::string_view, const LogFields&);
};

}  // namespace rostrum
