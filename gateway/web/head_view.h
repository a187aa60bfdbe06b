#pragma once

#include <string>

#include "gateway/web/dictionary.h"
#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// Fills the head of a page with what search engines, link previews and feed readers look for.

struct SiteNames {
  std::string public_url;
  std::string name;
};

// Canonical address, Open Graph and schema.org data of an article, and the feeds of its
// channel.
void FillArticleHead(const SiteNames& site, const content::v1::Post& post,
                     ctemplate::TemplateDictionary& layout);

// Canonical address and Open Graph of the first page of a list.
struct ListHead {
  std::string path;
  std::string title;
  std::string description;
};
void FillListHead(const SiteNames& site, const ListHead& list,
                  ctemplate::TemplateDictionary& layout);

// The feeds of the list at `path`.
void AdvertiseFeeds(const std::string& path, const std::string& title,
                    ctemplate::TemplateDictionary& layout);

}  // namespace rostrum::gateway
