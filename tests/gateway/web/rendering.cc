#include "tests/gateway/web/rendering.h"

#include "gtest/gtest.h"
#include "web_templates.h"
#include "web_words.h"

namespace rostrum::gateway {

PageParts::PageParts() : words(Words::Parse(web_words::Files().at(0).bytes.ToString()).value()) {
  EXPECT_TRUE(templates.Load(web_templates::Files(), words).ok());
}

PageParts& TheSite() {
  static auto* const site = new PageParts();
  return *site;
}

std::string Render(const std::function<void(ctemplate::TemplateDictionary& layout,
                                            ctemplate::TemplateDictionary& body)>& fill,
                   const std::string& body_template) {
  ctemplate::TemplateDictionary layout("layout");
  layout.SetValue("ASSETS", "/assets/");
  ctemplate::TemplateDictionary& body = *layout.AddIncludeDictionary("BODY");
  body.SetFilename(body_template);
  fill(layout, body);
  return TheSite().templates.Expand("layout.tpl", layout);
}

std::string RenderDiscussion(const comment::v1::ListCommentsResponse& comments,
                             const DiscussionState& state) {
  return Render([&](auto&, auto& body) { FillDiscussion(TheSite().words, comments, state, body); },
                "discussion.tpl");
}

std::string RenderConversation(const comment::v1::ListCommentsResponse& comments,
                               const DiscussionState& state) {
  return Render(
      [&](auto&, auto& body) { FillConversation(TheSite().words, comments, state, body); },
      "conversation.tpl");
}

}  // namespace rostrum::gateway
