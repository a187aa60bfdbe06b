#include "gateway/web/refusal_words.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {

std::string RefusalWords(const Words& words, const absl::Status& status) {
  const ErrorDetails details = DetailsOf(status);
  const std::string name = absl::StrCat("REASON_", details.reason);
  if (words.Has(name)) return words.Get(name);
  std::string text(status.message());
  // Messages about fields name them as the API does.
  if (!details.violations.empty() || text.empty()) return words.Get("ERROR_400_ADVICE");
  text[0] = absl::ascii_toupper(text[0]);
  if (!absl::ascii_ispunct(text.back())) text += '.';
  return text;
}

}  // namespace rostrum::gateway
