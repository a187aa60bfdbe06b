#include "gateway/web/message_view.h"

namespace rostrum::gateway {

http::HttpResponse ShowMessage(Page& page, const std::string& heading, const std::string& text,
                               const std::string& path, const std::string& way) {
  const Words& words = page.site.words;
  ctemplate::TemplateDictionary& values = page.UseTemplate("message.tpl");
  values.SetValue("HEADING", words.Get(heading));
  values.AddSectionDictionary("PARAGRAPH")->SetValue("TEXT", words.Get(text));
  if (!path.empty()) {
    ctemplate::TemplateDictionary& link = *values.AddSectionDictionary("WAY");
    link.SetValue("PATH", path);
    link.SetValue("TEXT", words.Get(way));
  }
  return page.Show(words.Get(heading));
}

}  // namespace rostrum::gateway
