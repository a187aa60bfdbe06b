#include "gateway/web/form.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gateway/transcoding/percent_decoding.h"
#include "services/common/base/utf8.h"
#include "tests/fuzz/fuzz_target.h"

namespace rostrum::gateway {
namespace {

std::string Encoded(absl::string_view text) {
  std::string out;
  for (const char c : text) absl::StrAppendFormat(&out, "%%%02x", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

// What is read from a form is clean text, and encoded again reads the same.
FUZZ_TARGET(form) {
  for (const Decoding decoding : {Decoding::kSegment, Decoding::kManySegments, Decoding::kQuery}) {
    const auto decoded = PercentDecode(input, decoding);
    if (!decoded.ok()) continue;
    REQUIRE(IsCleanUtf8(*decoded), *decoded);
    REQUIRE(decoded->size() <= input.size(), *decoded);
    if (decoding == Decoding::kManySegments) {
      REQUIRE(std::count(decoded->begin(), decoded->end(), '/') ==
                  std::count(input.begin(), input.end(), '/'),
              *decoded);
    }
    if (decoding != Decoding::kSegment) continue;
    const auto again = PercentDecode(Encoded(*decoded), decoding);
    REQUIRE(again.ok() && *again == *decoded, *decoded);
  }

  const auto form = Form::Parse(input);
  if (!form.ok()) return;
  std::string rewritten;
  for (const absl::string_view field : absl::StrSplit(input, '&', absl::SkipEmpty())) {
    const auto name = PercentDecode(field.substr(0, field.find('=')), Decoding::kQuery);
    REQUIRE(name.ok() && form->Has(*name), field);
    REQUIRE(IsCleanUtf8(form->Get(*name)), field);
    absl::StrAppend(&rewritten, "&", Encoded(*name), "=", Encoded(form->Get(*name)));
  }
  const auto again = Form::Parse(rewritten);
  REQUIRE(again.ok(), rewritten);
  for (const absl::string_view field : absl::StrSplit(input, '&', absl::SkipEmpty())) {
    const auto name = PercentDecode(field.substr(0, field.find('=')), Decoding::kQuery);
    REQUIRE(again->Get(*name) == form->Get(*name), field);
  }
}

}  // namespace rostrum::gateway
