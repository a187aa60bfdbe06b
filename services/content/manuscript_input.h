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

// A new manuscript may lack a slug and an access level: it gets them. One that is stored must
// keep both, so that an update that leaves out the level does not open a premium post.
enum class ManuscriptAge { kNew, kStored };
// The content of `wanted`, with its text rendered. INVALID_ARGUMENT naming each invalid
// field.
absl::StatusOr<ManuscriptContent> ReadManuscript(const v1::Manuscript& wanted, ManuscriptAge age);

}  // namespace rostrum::content
