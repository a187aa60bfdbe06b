#pragma once

#include <string>

#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// Describes a list of posts for feed readers. Feeds have titles and ledes only, never
// protected text.
struct Syndicate {
  std::string title;
  std::string public_url;  // of the site
  std::string path;        // of the page with the same posts, "/t/war"
  std::string self_path;   // of the feed itself
};

// RSS 2.0.
std::string RssFeed(const Syndicate& about, const content::v1::ListPostsResponse& posts);
// RFC 4287.
std::string AtomFeed(const Syndicate& about, const content::v1::ListPostsResponse& posts);
// JSON Feed 1.1.
std::string JsonFeed(const Syndicate& about, const content::v1::ListPostsResponse& posts);

// A sitemap (sitemaps.org 0.9) of the home page and posts.
class Sitemap {
 public:
  explicit Sitemap(std::string public_url);
  // Leaves out what would be more than a sitemap may have.
  void Add(const content::v1::ListPostsResponse& posts);
  bool full() const;
  std::string Finish() &&;

 private:
  const std::string public_url_;
  std::string text_;
  int addresses_ = 1;
};

}  // namespace rostrum::gateway
