#include "services/common/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/common/base/json_text.h"
#include "services/common/base/utf8.h"

namespace rostrum {
namespace {

// Longer values are cut: log collectors refuse lines that are too long.
constexpr size_t kMaxValueBytes = 8 << 10;

struct LogState {
  absl::Mutex mu;
  std::string service ABSL_GUARDED_BY(mu);
  std::atomic<LogLevel> least{LogLevel::kInfo};
  std::atomic<LogSink> sink{nullptr};
};

LogState& State() {
  static LogState* const state = new LogState;  // outlives every thread that logs
  return *state;
}

thread_local const ScopedLogFields* current_scope = nullptr;

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

struct AppendValue {
  std::string& out;
  void operator()(const std::string& value) const {
    AppendJsonString(out, TruncateUtf8(value, kMaxValueBytes));
  }
  void operator()(int64_t value) const { absl::StrAppend(&out, value); }
  void operator()(bool value) const { out.append(value ? "true" : "false"); }
  void operator()(double value) const {
    // JSON has no numbers for infinity and NaN.
    if (!std::isfinite(value)) {
      out.append("null");
    } else {
      absl::StrAppend(&out, value);
    }
  }
};

void AppendField(std::string& out, const LogField& field) {
  out.push_back(',');
  AppendJsonString(out, field.key);
  out.push_back(':');
  std::visit(AppendValue{out}, field.value);
}

bool HasKey(const LogFields& fields, const std::string& key) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const LogField& field) { return field.key == key; });
}

void WriteToStderr(std::string line) {
  line.push_back('\n');
  // One write, so that lines of several threads do not mix.
  while (write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace

void InitLog(absl::string_view service, LogLevel least) {
  absl::MutexLock lock(&State().mu);
  State().service = std::string(service);
  State().least = least;
}

void SetLogSink(LogSink sink) { State().sink = sink; }

ScopedLogFields::ScopedLogFields(LogFields fields)
    : fields_(std::move(fields)), outer_(current_scope) {
  current_scope = this;
}

ScopedLogFields::~ScopedLogFields() { current_scope = outer_; }

bool LogEnabled(LogLevel level) { return level >= State().least.load(std::memory_order_relaxed); }

void LogBudget::Log(LogLevel level, absl::string_view message, LogFields fields) {
  if (!LogEnabled(level)) return;
  int64_t left_out = 0;
  if (level != LogLevel::kDebug && !Take(used_[static_cast<size_t>(level)], &left_out)) return;
  if (left_out > 0) fields.emplace_back("left_out", left_out);
  rostrum::Log(level, message, fields);
}

// Lets a few more lines through if two threads begin a new second at the same moment.
bool LogBudget::Take(Used& used, int64_t* left_out) {
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  if (used.second.exchange(now, std::memory_order_relaxed) != now) used.lines = 0;
  if (used.lines.fetch_add(1, std::memory_order_relaxed) < per_second_) {
    *left_out = used.left_out.exchange(0, std::memory_order_relaxed);
    return true;
  }
  used.left_out.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void Log(LogLevel level, absl::string_view message, const LogFields& fields) {
  LogState& state = State();
  if (!LogEnabled(level)) return;
  std::string line =
      absl::FormatTime("{\"ts\":\"%Y-%m-%dT%H:%M:%E6SZ\"", absl::Now(), absl::UTCTimeZone());
  absl::StrAppend(&line, ",\"level\":\"", LevelName(level), "\"");
  {
    absl::MutexLock lock(&state.mu);
    AppendField(line, {"service", state.service});
  }
  AppendField(line, {"msg", message});
  std::vector<const ScopedLogFields*> scopes;
  for (const ScopedLogFields* s = current_scope; s != nullptr; s = s->outer_) scopes.push_back(s);
  LogFields seen = fields;
  // Inner fields win over outer ones of the same name.
  for (const ScopedLogFields* scope : scopes) {
    for (const LogField& field : scope->fields_) {
      if (HasKey(seen, field.key)) continue;
      AppendField(line, field);
      seen.push_back(field);
    }
  }
  for (const LogField& field : fields) AppendField(line, field);
  line.push_back('}');
  if (const LogSink sink = state.sink.load(); sink != nullptr) {
    sink(line);
  } else {
    WriteToStderr(std::move(line));
  }
}

}  // namespace rostrum
