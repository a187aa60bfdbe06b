#include "gateway/web/post_list_view.h"

#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"

namespace rostrum::gateway {

ctemplate::TemplateDictionary& AddPost(const Words& words, const content::v1::PostSummary& post,
                                       ctemplate::TemplateDictionary& values) {
  ctemplate::TemplateDictionary& item = *values.AddIncludeDictionary("POST");
  item.SetFilename("post_item.tpl");
  item.SetValue("TITLE", post.title());
  item.SetValue("LEDE", post.lede());
  FillPost(words, post, item);
  if (post.has_picture()) {
    ctemplate::TemplateDictionary& picture = *item.AddSectionDictionary("PICTURE");
    picture.SetValue("MEDIA_ID", post.picture().media_id());
    item.ShowSection("WITH_PICTURE");
  }
  return item;
}

void FillPost(const Words& words, const content::v1::PostSummary& post,
              ctemplate::TemplateDictionary& item) {
  item.SetValue("PATH", ArticlePath(post));
  item.SetValue("CHANNEL_NAME", post.channel().display_name());
  item.SetValue("CHANNEL_SLUG", post.channel().slug());
  item.SetValue("AUTHOR_NAME", post.author().display_name());
  item.SetValue("AUTHOR_SLUG", post.author().slug());
  SetTime(item, "TIME", post.publish_time());
  if (post.access_level() != subscription::v1::ACCESS_LEVEL_METERED) {
    item.AddSectionDictionary("LEVEL")->SetValue(
        "TEXT",
        words.Get(post.access_level() == subscription::v1::ACCESS_LEVEL_PREMIUM ? "ACCESS_PREMIUM"
                                                                                : "ACCESS_PUBLIC"));
  }
}

void AddPager(const std::string& path, const std::string& others, const std::string& next_token,
              ctemplate::TemplateDictionary& values) {
  if (next_token.empty()) return;
  values.AddSectionDictionary("OLDER")->SetValue(
      "URL",
      absl::StrCat(path, "?", others, others.empty() ? "" : "&", "page=", QueryValue(next_token)));
}

}  // namespace rostrum::gateway
