#include "services/content/post_store.h"

#include <utility>

#include "services/common/base/status.h"

namespace rostrum::content {

absl::Status PostNotFound() {
  return Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such post");
}

absl::StatusOr<std::string> PostStore::GetText(const TextRef& ref) {
  ASSIGN_OR_RETURN(auto texts, GetTexts({ref}));
  if (!texts.empty()) return std::move(texts.begin()->second);
  return RetryLater(absl::StatusCode::kUnavailable, "POST_CHANGED",
                    "the post was changed at this moment", absl::Seconds(1));
}

}  // namespace rostrum::content
