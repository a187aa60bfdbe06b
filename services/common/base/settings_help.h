#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/common/base/settings.h"

namespace rostrum {

// The text of --help: usage, commands with what they do, every setting with its
// default and meaning.
std::string HelpText(const std::string& binary, const std::string& summary,
                     const std::vector<std::pair<std::string, std::string>>& commands,
                     const Settings& settings);

// Every setting as a JSON array, so that manifests can be checked against it.
std::string SettingsJson(const Settings& settings);

}  // namespace rostrum
