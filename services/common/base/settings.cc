#include "services/common/base/settings.h"

#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

extern char** environ;

namespace rostrum {
namespace {

constexpr size_t kMaxFileBytes = 64 << 10;

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

bool ReadFile(const std::string& path, std::string* content) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return false;
  char byte;
  while (in.get(byte)) {
    if (content->size() == kMaxFileBytes) return false;
    content->push_back(byte);
  }
  return in.eof();
}

}  // namespace

Settings::Settings() : Settings(ProcessEnvironment()) {}

Settings::Settings(std::map<std::string, std::string> variables)
    : variables_(std::move(variables)) {}

const std::string* Settings::Find(absl::string_view name_view) {
  const std::string name(name_view);
  const std::string file_name = name + "_FILE";
  auto value = variables_.find(name);
  const auto file = variables_.find(file_name);
  if (file != variables_.end()) {
    const std::string path = file->second;
    // Removed, so that a second call does not report the same error again.
    variables_.erase(file);
    std::string content;
    if (value != variables_.end()) {
      AddError(absl::StrCat(name, " and ", file_name, " are both set"));
    } else if (!ReadFile(path, &content)) {
      AddError(absl::StrCat(file_name, ": cannot read ", path));
      // A placeholder, so that the setting is not also reported as missing.
      value = variables_.emplace(name, "").first;
      unreadable_.insert(name);
    } else {
      while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) {
        content.pop_back();
      }
      value = variables_.emplace(name, std::move(content)).first;
    }
  }
  if (value == variables_.end() || unreadable_.contains(name)) return nullptr;
  return &value->second;
}

void Settings::AddError(std::string error) { errors_.push_back(std::move(error)); }

std::string Settings::Required(absl::string_view name, absl::string_view meaning) {
  declared_.push_back({std::string(name), "", true, false, std::string(meaning)});
  return RequiredValue(name);
}

std::string Settings::RequiredValue(absl::string_view name) {
  const std::string* value = Find(name);
  if (value == nullptr || value->empty()) {
    if (!unreadable_.contains(std::string(name))) AddError(absl::StrCat(name, " is not set"));
    return "";
  }
  return *value;
}

std::string Settings::String(absl::string_view name, absl::string_view fallback,
                             absl::string_view meaning) {
  declared_.push_back(
      {std::string(name), std::string(fallback), false, false, std::string(meaning)});
  const std::string* value = Find(name);
  return value != nullptr ? *value : std::string(fallback);
}

int Settings::Int(absl::string_view name, int fallback, int min, int max,
                  absl::string_view meaning) {
  declared_.push_back(
      {std::string(name), absl::StrCat(fallback), false, false, std::string(meaning)});
  const std::string* value = Find(name);
  if (value == nullptr) return fallback;
  int number = 0;
  int64_t wide = 0;
  if (!absl::SimpleAtoi(*value, &wide)) {
    AddError(absl::StrCat(name, ": \"", *value, "\" is not a whole number"));
    return fallback;
  }
  if (!absl::SimpleAtoi(*value, &number) || number < min || number > max) {
    AddError(absl::StrCat(name, ": ", wide, " is not between ", min, " and ", max));
    return fallback;
  }
  return number;
}

bool Settings::Bool(absl::string_view name, bool fallback, absl::string_view meaning) {
  declared_.push_back(
      {std::string(name), fallback ? "true" : "false", false, false, std::string(meaning)});
  const std::string* value = Find(name);
  bool answer = fallback;
  if (value != nullptr && !absl::SimpleAtob(*value, &answer)) {
    AddError(absl::StrCat(name, ": \"", *value, "\" is neither true nor false"));
    return fallback;
  }
  return answer;
}

absl::Duration Settings::Duration(absl::string_view name, absl::Duration fallback,
                                  absl::string_view meaning) {
  declared_.push_back(
      {std::string(name), absl::FormatDuration(fallback), false, false, std::string(meaning)});
  const std::string* value = Find(name);
  if (value == nullptr) return fallback;
  absl::Duration duration;
  if (!absl::ParseDuration(*value, &duration) || duration == absl::InfiniteDuration()) {
    AddError(absl::StrCat(name, ": \"", *value, "\" is not a duration such as 30s or 24h"));
    return fallback;
  }
  if (duration <= absl::ZeroDuration()) {
    AddError(absl::StrCat(name, ": ", *value, " is not more than zero"));
    return fallback;
  }
  return duration;
}

std::string Settings::Secret(absl::string_view name, size_t min_bytes, absl::string_view meaning) {
  declared_.push_back({std::string(name), "", true, true, std::string(meaning)});
  std::string value = RequiredValue(name);
  if (!value.empty() && value.size() < min_bytes) {
    AddError(absl::StrCat(name, " must be at least ", min_bytes, " bytes long"));
    return "";
  }
  return value;
}

absl::Status Settings::Check() const {
  if (errors_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(errors_, "; "));
}

std::string ReadTarget(Settings& env, absl::string_view service) {
  return env.Required(absl::StrCat(absl::AsciiStrToUpper(service), "_TARGET"),
                      absl::StrCat("Address of ", service, ", as host:port or a gRPC name."));
}

LogLevel ReadLogLevel(Settings& env) {
  const std::string name =
      env.String("LOG_LEVEL", "info", "Lowest level that is logged: debug, info, warning, error.");
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  if (name != "info") env.AddError("LOG_LEVEL: not debug, info, warning or error");
  return LogLevel::kInfo;
}

}  // namespace rostrum
