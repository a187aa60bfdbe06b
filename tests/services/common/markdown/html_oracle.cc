#include "tests/services/common/markdown/html_oracle.h"

#include <gumbo.h>

#include <map>
#include <set>

#include "services/common/markdown/html_writer.h"

namespace rostrum {
namespace {

const std::map<std::string, std::set<std::string>>& Allowed() {
  static const auto* const allowed =
      new std::map<std::string, std::set<std::string>>{{"html", {}},
                                                       {"head", {}},
                                                       {"body", {}},
                                                       {"p", {}},
                                                       {"h1", {}},
                                                       {"h2", {}},
                                                       {"h3", {}},
                                                       {"h4", {}},
                                                       {"h5", {}},
                                                       {"h6", {}},
                                                       {"ul", {}},
                                                       {"li", {}},
                                                       {"em", {}},
                                                       {"strong", {}},
                                                       {"del", {}},
                                                       {"br", {}},
                                                       {"hr", {}},
                                                       {"pre", {}},
                                                       {"table", {}},
                                                       {"tr", {}},
                                                       {"tbody", {}},
                                                       {"th", {}},
                                                       {"td", {}},
                                                       {"blockquote", {}},
                                                       {"ol", {"start"}},
                                                       {"code", {"class"}},
                                                       {"a", {"href", "rel"}},
                                                       {"img", {"src", "alt", "loading"}}};
  return *allowed;
}

std::string CheckElement(const GumboElement& element) {
  const std::string name = gumbo_normalized_tagname(element.tag);
  const auto allowed = Allowed().find(name);
  if (allowed == Allowed().end()) return "element <" + name + ">";
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
    if (!allowed->second.contains(attribute->name)) {
      return "attribute " + std::string(attribute->name) + " of <" + name + ">";
    }
    const std::string key = attribute->name;
    if (key == "href" && !IsAllowedLink(attribute->value))
      return "link " + std::string(attribute->value);
    if (key == "src" && !IsOwnPicture(attribute->value))
      return "picture " + std::string(attribute->value);
  }
  return "";
}

std::string CheckNode(const GumboNode* node) {
  if (node->type == GUMBO_NODE_COMMENT) return "a comment";
  if (node->type != GUMBO_NODE_ELEMENT) return "";
  if (std::string found = CheckElement(node->v.element); !found.empty()) return found;
  for (unsigned i = 0; i < node->v.element.children.length; ++i) {
    const auto* child = static_cast<const GumboNode*>(node->v.element.children.data[i]);
    if (std::string found = CheckNode(child); !found.empty()) return found;
  }
  return "";
}

}  // namespace

std::string FindForbidden(const std::string& html) {
  GumboOutput* output = gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size());
  std::string found = CheckNode(output->root);
  gumbo_destroy_output(&kGumboDefaultOptions, output);
  return found;
}

}  // namespace rostrum
