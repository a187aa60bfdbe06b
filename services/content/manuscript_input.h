#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rostrum/content/v1/desk_service.pb.h"
#include "services/common/markdown/markdown.h"
#include "services/content/manuscript.h"

namespace rostrum::content {

// What comes in at the desk, checked and turned into what is stored.

// The fields of a manuscript that its authors may change.
const std::vector<std::string>& UpdatableManuscriptFields();

// Renders a text as articles are. INVALID_ARGUMENT naming `field`.
absl::StatusOr<RenderedMarkdown> RenderArticle(const std::string& markdown,
                                               const std::string& field);

// The content that `wanted` asks for, with its text rendered. INVALID_ARGUMENT
// naming each field at fault. An empty slug is allowed only in a new one.
enum class SlugMay { kBeEmpty, kNotBeEmpty };
absl::StatusOr<ManuscriptContent> ReadManuscript(const v1::Manuscript& wanted, SlugMay slug);

}  // namespace rostrum::content
