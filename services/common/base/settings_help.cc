#include "services/common/base/settings_help.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/common/base/json_text.h"

namespace rostrum {
namespace {

std::string DefaultOf(const Settings::Declared& setting) {
  if (setting.required) return "required";
  return setting.fallback.empty() ? "empty" : setting.fallback;
}

}  // namespace

std::string HelpText(const std::string& binary, const std::string& summary,
                     const std::vector<std::pair<std::string, std::string>>& commands,
                     const Settings& settings) {
  std::string text = absl::StrCat(summary, "\n\nUsage:\n");
  for (const auto& [command, meaning] : commands) {
    absl::StrAppendFormat(&text, "  %-40s %s\n", absl::StrCat(binary, " ", command), meaning);
  }
  absl::StrAppend(
      &text, "\nSettings come from the environment; NAME_FILE names a file that holds NAME.\n");
  size_t width = 0;
  for (const auto& setting : settings.declared()) width = std::max(width, setting.name.size());
  for (const auto& setting : settings.declared()) {
    absl::StrAppendFormat(&text, "  %-*s  %s [%s]\n", static_cast<int>(width), setting.name,
                          setting.meaning, DefaultOf(setting));
  }
  return text;
}

std::string SettingsJson(const Settings& settings) {
  std::string json = "[";
  for (const auto& setting : settings.declared()) {
    absl::StrAppend(&json, json.size() > 1 ? ",\n " : "", "{\"name\":", JsonString(setting.name),
                    ",\"required\":", setting.required ? "true" : "false",
                    ",\"secret\":", setting.secret ? "true" : "false",
                    ",\"default\":", JsonString(setting.fallback),
                    ",\"meaning\":", JsonString(setting.meaning), "}");
  }
  return json + "]";
}

}  // namespace rostrum
