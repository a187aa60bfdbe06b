#pragma once

#include <string>

#include "absl/status/status.h"
#include "gateway/web/words.h"

namespace rostrum::gateway {

// Why something was refused, for readers: the words for the reason (REASON_... in the
// catalogue), else the service's message as a sentence.
std::string RefusalWords(const Words& words, const absl::Status& status);

}  // namespace rostrum::gateway
