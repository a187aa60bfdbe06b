#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "gateway/web/dictionary.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/templates.h"
#include "gateway/web/words.h"
#include "rostrum/comment/v1/comment_service.pb.h"

namespace rostrum::gateway {

inline const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

// The words and templates of the pages.
struct PageParts {
  PageParts();
  Words words;
  Templates templates;
};
PageParts& TheSite();

// A page whose body is of the template `body_template`.
std::string Render(const std::function<void(ctemplate::TemplateDictionary& layout,
                                            ctemplate::TemplateDictionary& body)>& fill,
                   const std::string& body_template);

std::string RenderDiscussion(const comment::v1::ListCommentsResponse& comments,
                             const DiscussionState& state);
std::string RenderConversation(const comment::v1::ListCommentsResponse& comments,
                               const DiscussionState& state);

}  // namespace rostrum::gateway
