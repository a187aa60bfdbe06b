#include "gateway/web/templates.h"

#include <cstring>
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "ctemplate/template.h"
#include "services/common/base/log.h"

namespace rostrum::gateway {
namespace {

constexpr ctemplate::Strip kStrip = ctemplate::STRIP_BLANK_LINES;

}  // namespace

absl::Status Templates::Load(const std::vector<EmbeddedFile>& files, const Words& words) {
  for (const auto& [name, text] : words.all()) {
    ctemplate::TemplateDictionary::SetGlobalValue(absl::StrCat("W_", name), text);
  }
  for (const EmbeddedFile& file : files) {
    const std::string text = file.bytes.ToString();
    if (!absl::StartsWith(text, "{{%AUTOESCAPE context=\"")) {
      return absl::InvalidArgumentError(absl::StrCat(file.name, " does not escape"));
    }
    ctemplate::StringToTemplateCache(file.name, text, kStrip);
    // Compiles the template, and reports errors on stderr.
    if (ctemplate::Template::GetTemplate(file.name, kStrip) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(file.name, " does not compile"));
    }
  }
  return absl::OkStatus();
}

std::string Templates::Expand(const std::string& name,
                              const ctemplate::TemplateDictionary& values) const {
  std::string text;
  if (!ctemplate::ExpandTemplate(name, kStrip, &values, &text)) {
    LogError("a template was not expanded", {{"template", name}});
  }
  return text;
}

}  // namespace rostrum::gateway
