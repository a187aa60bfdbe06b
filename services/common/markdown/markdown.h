#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rostrum {

// Markdown to HTML that is safe to show (SECURITY.md): cmark-gfm
// parses, an allow-list walk over its tree renders. HTML in the source is shown
// as text or dropped, links are http, https, mailto or local, no picture comes
// from elsewhere. Rendered once, when the text is saved. Thread-safe.
struct MarkdownOptions {
  size_t max_bytes = 128 << 10;
  size_t max_html_bytes = 2 << 20;
  // Pictures of our own media ("/v1/media/<uuid>") are kept; all others, and
  // all in comments, become their alternative text.
  bool allow_pictures = false;
  // First heading level that an author's `#` becomes.
  int top_heading = 2;
  // rel="ugc nofollow noopener" on links.
  bool untrusted_links = true;
};

// Room for what short links and escaped text grow to. Tables could grow further.
inline constexpr MarkdownOptions kCommentMarkdown{
    .max_bytes = 40 << 10, .max_html_bytes = 128 << 10, .top_heading = 4};
inline constexpr MarkdownOptions kArticleMarkdown{.allow_pictures = true, .untrusted_links = false};

struct RenderedMarkdown {
  std::string html;
  // What stands before a line that begins with <!--more-->; without one the first two
  // blocks. Empty when that would be everything.
  std::string preview_html;
  int word_count = 0;
};

// INVALID_ARGUMENT naming `field`: TOO_LONG, INVALID_UTF8, or TOO_COMPLEX for
// text nested deeper than 32 or built to make rendering slow or its result long.
absl::StatusOr<RenderedMarkdown> RenderMarkdown(absl::string_view source,
                                                const MarkdownOptions& options,
                                                absl::string_view field);

}  // namespace rostrum
