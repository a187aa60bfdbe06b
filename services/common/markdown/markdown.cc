#include "services/common/markdown/markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/common/base/status.h"
#include "services/common/markdown/html_writer.h"
#include "services/common/markdown/source_check.h"

namespace rostrum {
namespace {

constexpr int kMaxDepth = 32;
constexpr absl::string_view kMoreMarker = "<!--more-->";

struct NodeDeleter {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
using Document = std::unique_ptr<cmark_node, NodeDeleter>;

Document Parse(absl::string_view source) {
  static std::once_flag registered;
  std::call_once(registered, cmark_gfm_core_extensions_ensure_registered);
  cmark_parser* parser = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
  for (const char* name : {"table", "strikethrough", "autolink"}) {
    if (cmark_syntax_extension* extension = cmark_find_syntax_extension(name)) {
      cmark_parser_attach_syntax_extension(parser, extension);
    }
  }
  cmark_parser_feed(parser, source.data(), source.size());
  Document document(cmark_parser_finish(parser));
  cmark_parser_free(parser);
  return document;
}

absl::string_view Literal(cmark_node* node) {
  const char* literal = cmark_node_get_literal(node);
  return literal == nullptr ? absl::string_view() : absl::string_view(literal);
}

absl::string_view Url(cmark_node* node) {
  const char* url = cmark_node_get_url(node);
  return url == nullptr ? absl::string_view() : absl::string_view(url);
}

// Also if text follows on its line, which is not for the preview.
bool BeginsWithMoreMarker(cmark_node* node) {
  return cmark_node_get_type(node) == CMARK_NODE_HTML_BLOCK &&
         absl::StartsWith(absl::StripLeadingAsciiWhitespace(Literal(node)), kMoreMarker);
}

// A block of HTML that begins with a comment goes on to the end of the line where that ends.
std::string WithoutComments(absl::string_view html) {
  constexpr absl::string_view kBegin = "<!--", kEnd = "-->";
  std::string rest;
  for (size_t at = 0; (at = html.find(kBegin)) != absl::string_view::npos;) {
    absl::StrAppend(&rest, html.substr(0, at));
    const size_t end = html.find(kEnd, at + 2);  // "<!-->" is one too
    html.remove_prefix(end == absl::string_view::npos ? html.size() : end + kEnd.size());
  }
  absl::StrAppend(&rest, html);
  return rest;
}

// The words of a code block's info string that can be a language.
std::string Language(cmark_node* node) {
  const char* info = cmark_node_get_fence_info(node);
  std::string language;
  for (; info != nullptr && *info != '\0' && language.size() < 20; ++info) {
    if (!absl::ascii_isalnum(*info) && *info != '+' && *info != '#' && *info != '-') break;
    language += *info;
  }
  return language;
}

// Walks the tree and writes the elements on the allow-list; of any other element it writes
// only the content.
class Renderer {
 public:
  explicit Renderer(const MarkdownOptions& options) : options_(options) {}

  bool too_deep() const { return too_deep_; }
  int word_count() const { return word_count_; }

  void Render(cmark_node* node, int depth, std::string& out) {
    if (depth > kMaxDepth) {
      too_deep_ = true;
      return;
    }
    const cmark_node_type type = cmark_node_get_type(node);
    if (RenderLeaf(node, type, out)) return;
    if (type == CMARK_NODE_LINK) return RenderLink(node, depth, out);
    if (type == CMARK_NODE_IMAGE) return RenderPicture(node, out);
    if (type == CMARK_NODE_HEADING) {
      const int level = std::min(6, options_.top_heading - 1 + cmark_node_get_heading_level(node));
      return RenderElement(absl::StrCat("h", level), "", node, depth, out);
    }
    if (type == CMARK_NODE_LIST) return RenderList(node, depth, out);
    if (type == CMARK_NODE_PARAGRAPH) return RenderParagraph(node, depth, out);
    RenderElement(ElementOf(node, type), "", node, depth, out);
  }

 private:
  static absl::string_view ElementOf(cmark_node* node, cmark_node_type type) {
    if (type == CMARK_NODE_BLOCK_QUOTE) return "blockquote";
    if (type == CMARK_NODE_ITEM) return "li";
    if (type == CMARK_NODE_EMPH) return "em";
    if (type == CMARK_NODE_STRONG) return "strong";
    // Types of extensions are known at run time only.
    const absl::string_view name = cmark_node_get_type_string(node);
    if (name == "strikethrough") return "del";
    if (name == "table") return "table";
    if (name == "table_row" || name == "table_header") return "tr";
    if (name == "table_cell") {
      const bool header =
          cmark_node_get_type_string(cmark_node_parent(node)) == absl::string_view("table_header");
      return header ? "th" : "td";
    }
    return "";
  }

  void RenderChildren(cmark_node* node, int depth, std::string& out) {
    for (cmark_node* child = cmark_node_first_child(node); child != nullptr;
         child = cmark_node_next(child)) {
      Render(child, depth + 1, out);
    }
  }

  void RenderElement(absl::string_view element, absl::string_view attributes, cmark_node* node,
                     int depth, std::string& out) {
    if (element.empty()) return RenderChildren(node, depth, out);
    absl::StrAppend(&out, "<", element, attributes, ">");
    RenderChildren(node, depth, out);
    absl::StrAppend(&out, "</", element, ">");
  }

  bool RenderLeaf(cmark_node* node, cmark_node_type type, std::string& out) {
    if (type == CMARK_NODE_TEXT) {
      AppendText(Literal(node), out);
    } else if (type == CMARK_NODE_SOFTBREAK) {
      out += '\n';
    } else if (type == CMARK_NODE_LINEBREAK) {
      out += "<br>";
    } else if (type == CMARK_NODE_THEMATIC_BREAK) {
      out += "<hr>";
    } else if (type == CMARK_NODE_CODE) {
      out += "<code>";
      AppendText(Literal(node), out);
      out += "</code>";
    } else if (type == CMARK_NODE_CODE_BLOCK) {
      const std::string language = Language(node);
      out += language.empty() ? "<pre><code>"
                              : absl::StrCat("<pre><code class=\"language-", language, "\">");
      AppendText(Literal(node), out);
      out += "</code></pre>";
    } else if (type == CMARK_NODE_HTML_INLINE || type == CMARK_NODE_HTML_BLOCK) {
      RenderHtml(node, type, out);
    } else {
      return false;
    }
    return true;
  }

  // HTML is not passed through: comments are dropped, the rest is shown as typed.
  void RenderHtml(cmark_node* node, cmark_node_type type, std::string& out) {
    const std::string written = WithoutComments(Literal(node));
    const absl::string_view html = absl::StripAsciiWhitespace(written);
    if (html.empty()) return;
    const bool block = type == CMARK_NODE_HTML_BLOCK;
    if (block) out += "<p>";
    AppendText(html, out);
    if (block) out += "</p>";
  }

  void RenderList(cmark_node* node, int depth, std::string& out) {
    if (cmark_node_get_list_type(node) != CMARK_ORDERED_LIST) {
      return RenderElement("ul", "", node, depth, out);
    }
    const int start = cmark_node_get_list_start(node);
    RenderElement("ol", start == 1 ? "" : absl::StrCat(" start=\"", start, "\""), node, depth, out);
  }

  void RenderParagraph(cmark_node* node, int depth, std::string& out) {
    cmark_node* list = cmark_node_parent(cmark_node_parent(node));
    const bool tight = list != nullptr && cmark_node_get_type(list) == CMARK_NODE_LIST &&
                       cmark_node_get_list_tight(list) != 0;
    RenderElement(tight ? "" : "p", "", node, depth, out);
  }

  void RenderLink(cmark_node* node, int depth, std::string& out) {
    const absl::string_view url = Url(node);
    if (!IsAllowedLink(url)) return RenderChildren(node, depth, out);
    out += "<a href=\"";
    AppendEscaped(url, out);
    out += '"';
    if (url[0] != '/' && url[0] != '#') {
      out += options_.untrusted_links ? " rel=\"ugc nofollow noopener\"" : " rel=\"noopener\"";
    }
    out += '>';
    RenderChildren(node, depth, out);
    out += "</a>";
  }

  void RenderPicture(cmark_node* node, std::string& out) {
    std::string alternative;
    AppendPlainText(node, 0, alternative);
    const absl::string_view url = Url(node);
    if (!options_.allow_pictures || !IsOwnPicture(url)) return AppendText(alternative, out);
    out += "<img src=\"";
    AppendEscaped(url, out);
    out += "\" alt=\"";
    AppendEscaped(alternative, out);
    out += "\" loading=\"lazy\">";
  }

  void AppendPlainText(cmark_node* node, int depth, std::string& out) {
    if (depth > kMaxDepth) {
      too_deep_ = true;
      return;
    }
    for (cmark_node* child = cmark_node_first_child(node); child != nullptr;
         child = cmark_node_next(child)) {
      absl::StrAppend(&out, Literal(child));
      if (cmark_node_get_type(child) == CMARK_NODE_SOFTBREAK) out += ' ';
      AppendPlainText(child, depth + 1, out);
    }
  }

  void AppendText(absl::string_view text, std::string& out) {
    bool in_word = false;
    for (const char c : text) {
      const bool space = absl::ascii_isspace(c);
      if (!space && !in_word) ++word_count_;
      in_word = !space;
    }
    AppendEscaped(text, out);
  }

  const MarkdownOptions& options_;
  bool too_deep_ = false;
  int word_count_ = 0;
};

// How many of the blocks make the preview.
size_t PreviewLength(size_t blocks, std::optional<size_t> marker) {
  const size_t length = marker.value_or(2);
  return length < blocks ? length : 0;
}

}  // namespace

absl::StatusOr<RenderedMarkdown> RenderMarkdown(absl::string_view source,
                                                const MarkdownOptions& options,
                                                absl::string_view field) {
  RETURN_IF_ERROR(CheckMarkdownSource(source, options.max_bytes, field));
  const Document document = Parse(source);
  Renderer renderer(options);
  std::vector<std::string> blocks;
  size_t bytes = 0;
  std::optional<size_t> marker;
  for (cmark_node* node = cmark_node_first_child(document.get()); node != nullptr;
       node = cmark_node_next(node)) {
    if (!marker.has_value() && BeginsWithMoreMarker(node)) marker = blocks.size();
    std::string block;
    renderer.Render(node, 1, block);
    bytes += block.size();
    if (bytes > options.max_html_bytes) {
      return InvalidField(field, "TOO_COMPLEX", "becomes too long a page");
    }
    if (!block.empty()) blocks.push_back(std::move(block));
  }
  if (renderer.too_deep()) return InvalidField(field, "TOO_COMPLEX", "is nested too deep");

  RenderedMarkdown rendered{.word_count = renderer.word_count()};
  const size_t preview_length = PreviewLength(blocks.size(), marker);
  for (size_t i = 0; i < blocks.size(); ++i) {
    absl::StrAppend(&rendered.html, blocks[i], "\n");
    if (i < preview_length) absl::StrAppend(&rendered.preview_html, blocks[i], "\n");
  }
  return rendered;
}

}  // namespace rostrum
