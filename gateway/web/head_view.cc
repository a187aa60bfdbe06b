#include "gateway/web/head_view.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gateway/web/article_view.h"
#include "gateway/web/page.h"
#include "services/common/base/json_text.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;

void OpenGraph(const std::string& property, const std::string& content,
               ctemplate::TemplateDictionary& layout) {
  ctemplate::TemplateDictionary& entry = *layout.AddSectionDictionary("OPEN_GRAPH");
  entry.SetValue("PROPERTY", property);
  entry.SetValue("CONTENT", content);
}

struct Preview {
  std::string type;
  std::string title;
  std::string description;
  std::string url;
  std::string image;  // empty for none
};

// What the page shows as where a link to it is shared, and its canonical address.
void FillPreview(const SiteNames& site, const Preview& preview,
                 ctemplate::TemplateDictionary& layout) {
  layout.AddSectionDictionary("CANONICAL")->SetValue("URL", preview.url);
  OpenGraph("og:type", preview.type, layout);
  OpenGraph("og:title", preview.title, layout);
  OpenGraph("og:description", preview.description, layout);
  OpenGraph("og:url", preview.url, layout);
  OpenGraph("og:site_name", site.name, layout);
  if (!preview.image.empty()) OpenGraph("og:image", preview.image, layout);
  layout.AddSectionDictionary("PREVIEW_CARD")
      ->SetValue("KIND", preview.image.empty() ? "summary" : "summary_large_image");
}

// JSON for a script element: "<" could end it.
std::string ScriptString(const std::string& text) {
  return absl::StrReplaceAll(JsonString(text), {{"<", "\\u003c"}});
}

std::string Iso(const google::protobuf::Timestamp& time) { return IsoTime(FromProtoTime(time)); }

// schema.org's description of an article.
std::string StructuredData(const SiteNames& site, const cpb::PostSummary& post,
                           const Preview& preview) {
  const bool free = post.access_level() == subscription::v1::ACCESS_LEVEL_PUBLIC;
  std::string json = absl::StrCat(
      "{\"@context\":\"https://schema.org\",\"@type\":\"NewsArticle\",\"headline\":",
      ScriptString(post.title()), ",\"description\":", ScriptString(post.lede()),
      ",\"url\":", ScriptString(preview.url),
      ",\"datePublished\":", ScriptString(Iso(post.publish_time())),
      ",\"author\":{\"@type\":\"Person\",\"name\":", ScriptString(post.author().display_name()),
      ",\"url\":", ScriptString(absl::StrCat(site.public_url, "/a/", post.author().slug())),
      "},\"publisher\":{\"@type\":\"Organization\",\"name\":", ScriptString(site.name),
      "},\"isAccessibleForFree\":", free ? "true" : "false");
  if (post.has_revise_time()) {
    absl::StrAppend(&json, ",\"dateModified\":", ScriptString(Iso(post.revise_time())));
  }
  if (!preview.image.empty()) absl::StrAppend(&json, ",\"image\":", ScriptString(preview.image));
  if (!free) {
    absl::StrAppend(&json,
                    ",\"hasPart\":{\"@type\":\"WebPageElement\",\"isAccessibleForFree\":false,"
                    "\"cssSelector\":\".prose\"}");
  }
  return json + "}";
}

}  // namespace

void FillArticleHead(const SiteNames& site, const cpb::Post& post,
                     ctemplate::TemplateDictionary& layout) {
  const cpb::PostSummary& summary = post.summary();
  Preview preview{.type = "article",
                  .title = summary.title(),
                  .description = summary.lede(),
                  .url = absl::StrCat(site.public_url, ArticlePath(summary))};
  if (summary.has_picture()) {
    preview.image = absl::StrCat(site.public_url, "/v1/media/", summary.picture().media_id());
  }
  FillPreview(site, preview, layout);
  OpenGraph("article:published_time", Iso(summary.publish_time()), layout);
  if (summary.has_revise_time()) {
    OpenGraph("article:modified_time", Iso(summary.revise_time()), layout);
  }
  layout.AddSectionDictionary("STRUCTURED_DATA")
      ->SetValue("JSON", StructuredData(site, summary, preview));
  AdvertiseFeeds(absl::StrCat("/c/", summary.channel().slug()), summary.channel().display_name(),
                 layout);
}

void FillListHead(const SiteNames& site, const ListHead& list,
                  ctemplate::TemplateDictionary& layout) {
  const Preview preview{.type = "website",
                        .title = list.title,
                        .description = list.description,
                        .url = absl::StrCat(site.public_url, list.path)};
  FillPreview(site, preview, layout);
}

void AdvertiseFeeds(const std::string& path, const std::string& title,
                    ctemplate::TemplateDictionary& layout) {
  const std::string base = path == "/" ? "" : path;
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"application/rss+xml", "/feed.rss"},
      {"application/atom+xml", "/feed.atom"},
      {"application/feed+json", "/feed.json"}};
  for (const auto& [type, file] : kinds) {
    ctemplate::TemplateDictionary& link = *layout.AddSectionDictionary("ALTERNATE");
    link.SetValue("TYPE", type);
    link.SetValue("TITLE", title);
    link.SetValue("URL", absl::StrCat(base, file));
  }
}

}  // namespace rostrum::gateway
