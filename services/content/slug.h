#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/common/base/ids.h"
#include "services/common/base/status.h"

namespace rostrum::content {

// Slugs are for people and URLs: a-z, 0-9 and single hyphens between them. A
// slug never looks like an id, so that "id or slug" has one meaning.

bool IsSlug(absl::string_view text, size_t max_characters);
// INVALID_SLUG for `field` unless IsSlug.
void CheckSlug(FieldChecks& checks, absl::string_view slug, absl::string_view field,
               size_t max_characters);

// A slug of at most 80 characters that reads like the title; empty if nothing
// in the title can be written in a slug.
std::string SlugFromTitle(absl::string_view title);

// The slugs that a post may get whose author named none, the best first: from its title, that
// with a number up to 9, and that with the last digits of its id, which no other post has.
std::vector<std::string> SlugsFor(absl::string_view title, const PostId& id);

}  // namespace rostrum::content
