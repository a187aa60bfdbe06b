#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gateway/web/dictionary.h"
#include "gateway/web/words.h"
#include "services/common/base/embedded_file.h"

namespace rostrum::gateway {

// The page templates, compiled once at start. Every template begins with {{%AUTOESCAPE
// context="HTML"}} (or "XML"), so values are escaped for the place where they are inserted.
// Thread-safe once loaded.
class Templates {
 public:
  // INVALID_ARGUMENT for a template that does not compile or does not escape.
  absl::Status Load(const std::vector<EmbeddedFile>& files, const Words& words);

  // `name` is a file name, such as "article.tpl".
  std::string Expand(const std::string& name, const ctemplate::TemplateDictionary& values) const;
};

}  // namespace rostrum::gateway
