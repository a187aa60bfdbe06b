#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace rostrum::gateway {

// The comment before a definition as Markdown, with the lines of a paragraph joined. Empty
// without a comment, or if the descriptors have no source info.
std::string ReflowComment(absl::string_view comment);
template <class Definition>
std::string CommentOf(const Definition& definition) {
  google::protobuf::SourceLocation location;
  return definition.GetSourceLocation(&location) ? ReflowComment(location.leading_comments) : "";
}

// The first sentence, without its full stop.
std::string FirstSentence(absl::string_view comment);

}  // namespace rostrum::gateway
