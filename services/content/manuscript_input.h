#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rostrum/content/v1/desk_service.pb.h"
#include "services/common/markdown/markdown.h"
#include "services/content/manuscript.h"

namespace rostrum::content {

// Checks what authors and editors send, and converts it into what is stored.

// The fields of a manuscript that its authors may change.
const std::vector<std::string>& UpdatableManuscriptFields();

// Renders the Markdown of an article. INVALID_ARGUMENT naming `field`.
absl::StatusOr<RenderedMarkdown> RenderArticle(const std::string& markdown,
                                               const std::string& field);

// The content of `wanted`, with its text rendered. INVALID_ARGUMENT naming each invalid
// field. The slug may be empty only in a new manuscript.
enum class SlugMay { kBeEmpty, kNotBeEmpty };
absl::StatusOr<ManuscriptContent> ReadManuscript(const v1::Manuscript& wanted, SlugMay slug);

}  // namespace rostrum::content
