#include "gateway/web/form.h"

#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gateway/transcoding/percent_decoding.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

constexpr size_t kMaxFields = 64;

absl::Status NotAForm() {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FORM", "the form cannot be read");
}

// Browsers send line breaks as CRLF, scripts as LF.
std::string WithLineFeeds(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\r\n", "\n"}, {"\r", "\n"}});
}

}  // namespace

absl::StatusOr<Form> Form::Parse(absl::string_view text) {
  Form form;
  for (const absl::string_view field : absl::StrSplit(text, '&', absl::SkipEmpty())) {
    if (form.fields_.size() >= kMaxFields) return NotAForm();
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(field, absl::MaxSplits('=', 1));
    auto name = PercentDecode(parts.first, Decoding::kQuery);
    auto value = PercentDecode(parts.second, Decoding::kQuery);
    if (!name.ok() || !value.ok()) return NotAForm();
    form.fields_.emplace_back(*std::move(name), WithLineFeeds(*value));
  }
  return form;
}

const std::string& Form::Get(absl::string_view name) const {
  static const std::string* const none = new std::string();
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return *none;
}

bool Form::Has(absl::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return true;
  }
  return false;
}

}  // namespace rostrum::gateway
