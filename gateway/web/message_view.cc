#include "gateway/web/message_view.h"

#include "gateway/web/refusal_words.h"

namespace rostrum::gateway {
namespace {

void FillMessage(Page& page, const std::string& heading, const std::string& text,
                 const std::string& path, const std::string& way) {
  const Words& words = page.site.words;
  ctemplate::TemplateDictionary& values = page.UseTemplate("message.tpl");
  values.SetValue("HEADING", words.Get(heading));
  values.AddSectionDictionary("PARAGRAPH")->SetValue("TEXT", text);
  if (path.empty()) return;
  ctemplate::TemplateDictionary& link = *values.AddSectionDictionary("WAY");
  link.SetValue("PATH", path);
  link.SetValue("TEXT", words.Get(way));
}

}  // namespace

http::HttpResponse ShowMessage(Page& page, const std::string& heading, const std::string& text,
                               const std::string& path, const std::string& way) {
  FillMessage(page, heading, page.site.words.Get(text), path, way);
  return page.Show(page.site.words.Get(heading));
}

http::HttpResponse ShowRefusal(Page& page, const absl::Status& status, const std::string& heading,
                               const std::string& path, const std::string& way) {
  FillMessage(page, heading, RefusalWords(page.site.words, status), path, way);
  return page.ShowAgain(page.site.words.Get(heading), status);
}

}  // namespace rostrum::gateway
