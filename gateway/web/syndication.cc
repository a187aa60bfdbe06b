#include "gateway/web/syndication.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gateway/web/article_view.h"
#include "services/common/base/json_text.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

// Of one sitemap, by its specification.
constexpr int kMaxAddresses = 50'000;

namespace cpb = rostrum::content::v1;

// Text for XML 1.0: markup escaped, characters that XML cannot hold left out.
std::string Xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 || c == '\n' || c == '\t' || c == '\r') out += c;
  }
  return absl::StrReplaceAll(
      out, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string Rfc822(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", FromProtoTime(time), absl::UTCTimeZone());
}

std::string UrlOf(const std::string& public_url, const cpb::PostSummary& post) {
  return absl::StrCat(public_url, ArticlePath(post));
}

std::string Published(const cpb::PostSummary& post) {
  return IsoTime(FromProtoTime(post.publish_time()));
}

absl::Time LastChange(const cpb::PostSummary& post) {
  return FromProtoTime(post.has_revise_time() ? post.revise_time() : post.publish_time());
}

}  // namespace

std::string RssFeed(const Syndicate& about, const cpb::ListPostsResponse& posts) {
  std::string out = absl::StrCat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" "
      "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>\n<title>",
      Xml(about.title), "</title>\n<link>", Xml(about.public_url + about.path),
      "</link>\n<description>", Xml(about.title),
      "</description>\n<atom:link rel=\"self\" "
      "type=\"application/rss+xml\" href=\"",
      Xml(about.public_url + about.self_path), "\"/>\n");
  for (const cpb::PostSummary& post : posts.posts()) {
    absl::StrAppend(&out, "<item>\n<title>", Xml(post.title()), "</title>\n<link>",
                    Xml(UrlOf(about.public_url, post)), "</link>\n<guid isPermaLink=\"false\">",
                    post.post_id(), "</guid>\n<pubDate>", Rfc822(post.publish_time()),
                    "</pubDate>\n<dc:creator>", Xml(post.author().display_name()),
                    "</dc:creator>\n<description>", Xml(post.lede()), "</description>\n");
    for (const cpb::Topic& topic : post.topics()) {
      absl::StrAppend(&out, "<category>", Xml(topic.display_name()), "</category>\n");
    }
    absl::StrAppend(&out, "</item>\n");
  }
  return out + "</channel></rss>\n";
}

std::string AtomFeed(const Syndicate& about, const cpb::ListPostsResponse& posts) {
  absl::Time updated = absl::UnixEpoch();
  for (const cpb::PostSummary& post : posts.posts()) {
    updated = std::max(updated, LastChange(post));
  }
  std::string out = absl::StrCat(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n"
      "<title>",
      Xml(about.title), "</title>\n<id>", Xml(about.public_url + about.path), "</id>\n<updated>",
      IsoTime(updated), "</updated>\n<link rel=\"alternate\" href=\"",
      Xml(about.public_url + about.path), "\"/>\n<link rel=\"self\" href=\"",
      Xml(about.public_url + about.self_path), "\"/>\n");
  for (const cpb::PostSummary& post : posts.posts()) {
    absl::StrAppend(&out, "<entry>\n<title>", Xml(post.title()),
                    "</title>\n<id>urn:uuid:", post.post_id(), "</id>\n<link href=\"",
                    Xml(UrlOf(about.public_url, post)), "\"/>\n<published>", Published(post),
                    "</published>\n<updated>", IsoTime(LastChange(post)),
                    "</updated>\n<author><name>", Xml(post.author().display_name()),
                    "</name></author>\n<summary>", Xml(post.lede()), "</summary>\n</entry>\n");
  }
  return out + "</feed>\n";
}

std::string JsonFeed(const Syndicate& about, const cpb::ListPostsResponse& posts) {
  std::vector<std::string> items;
  for (const cpb::PostSummary& post : posts.posts()) {
    items.push_back(absl::StrCat(
        "{\"id\":", JsonString(post.post_id()), ",\"url\":",
        JsonString(UrlOf(about.public_url, post)), ",\"title\":", JsonString(post.title()),
        ",\"summary\":", JsonString(post.lede()), ",\"content_text\":", JsonString(post.lede()),
        ",\"date_published\":", JsonString(Published(post)),
        ",\"date_modified\":", JsonString(IsoTime(LastChange(post))),
        ",\"authors\":[{\"name\":", JsonString(post.author().display_name()), "}]}"));
  }
  return absl::StrCat(
      "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":", JsonString(about.title),
      ",\"home_page_url\":", JsonString(about.public_url + about.path),
      ",\"feed_url\":", JsonString(about.public_url + about.self_path), ",\"items\":[",
      absl::StrJoin(items, ","), "]}\n");
}

Sitemap::Sitemap(std::string public_url)
    : public_url_(std::move(public_url)),
      text_(absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
                         "<url><loc>",
                         Xml(public_url_), "/</loc></url>\n")) {}

bool Sitemap::full() const { return addresses_ >= kMaxAddresses; }

void Sitemap::Add(const cpb::ListPostsResponse& posts) {
  for (const cpb::PostSummary& post : posts.posts()) {
    if (full()) return;
    ++addresses_;
    absl::StrAppend(&text_, "<url><loc>", Xml(UrlOf(public_url_, post)), "</loc><lastmod>",
                    IsoTime(LastChange(post)), "</lastmod></url>\n");
  }
}

std::string Sitemap::Finish() && { return std::move(text_) + "</urlset>\n"; }

}  // namespace rostrum::gateway
