#include "services/common/markdown/markdown.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "services/common/base/status.h"
#include "services/common/base/utf8.h"
#include "services/common/markdown/html_writer.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/services/common/markdown/html_oracle.h"

namespace rostrum {
namespace {

void CheckHtml(const std::string& html, absl::string_view source) {
  REQUIRE(IsCleanUtf8(html), source);
  const std::string forbidden = FindForbidden(html);
  REQUIRE(forbidden.empty(), forbidden + " in " + html);
}

void Check(absl::string_view source, const MarkdownOptions& options) {
  const auto rendered = RenderMarkdown(source, options, "body");
  if (!rendered.ok()) {
    const ErrorDetails details = DetailsOf(rendered.status());
    REQUIRE(details.violations.size() == 1 && details.violations[0].field == "body", source);
    REQUIRE(details.violations[0].reason != "INVALID_UTF8" || !IsCleanUtf8(source), source);
    return;
  }
  CheckHtml(rendered->html, source);
  CheckHtml(rendered->preview_html, source);
  REQUIRE(absl::StartsWith(rendered->html, rendered->preview_html), rendered->preview_html);
  REQUIRE(rendered->preview_html.size() < rendered->html.size() || rendered->html.empty(), source);
  REQUIRE(rendered->word_count <= static_cast<int>(source.size()), source);
  if (!options.allow_pictures) REQUIRE(!absl::StrContains(rendered->html, "<img"), rendered->html);
  // A megabyte out of a little would be an attack.
  REQUIRE(rendered->html.size() <= 64 * source.size() + 64, source);
}

}  // namespace

// Markdown of anybody becomes HTML of the allow-list, as a browser's parser
// (gumbo) reads it, and the preview is where the text begins.
FUZZ_TARGET(markdown) {
  Check(input, kCommentMarkdown);
  Check(input, kArticleMarkdown);
  std::string escaped;
  AppendEscaped(input, escaped);
  REQUIRE(escaped.find_first_of("<>\"'") == std::string::npos, escaped);
}

}  // namespace rostrum
