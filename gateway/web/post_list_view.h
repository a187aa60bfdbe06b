#pragma once

#include <string>

#include "gateway/web/page.h"
#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// Adds one post to a list: a section POST of `values` (templates/post_item.tpl). Returns
// its dictionary, so that a list can add its own values.
ctemplate::TemplateDictionary& AddPost(const Words& words, const content::v1::PostSummary& post,
                                       ctemplate::TemplateDictionary& values);

// The values that every list shows of a post: channel, author, time and access level.
void FillPost(const Words& words, const content::v1::PostSummary& post,
              ctemplate::TemplateDictionary& item);

// The link "Older posts", if there are more. `path` has no query; `others` are the other
// parameters of the query, such as "level=premium".
void AddPager(const std::string& path, const std::string& others, const std::string& next_token,
              ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
