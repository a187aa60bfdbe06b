#pragma once

#include <string>

#include "gateway/web/page.h"
#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// One post in a list: a section POST of `values` (templates/post_item.tpl).
// Returns its dictionary, for what a list adds.
ctemplate::TemplateDictionary& AddPost(const Words& words, const content::v1::PostSummary& post,
                                       ctemplate::TemplateDictionary& values);

// What every list says of a post: where, by whom, when, for whom.
void FillPost(const Words& words, const content::v1::PostSummary& post,
              ctemplate::TemplateDictionary& item);

// "Older posts", if there are more. `path` has no query; `others` is what else
// the query says, such as "level=premium".
void AddPager(const std::string& path, const std::string& others, const std::string& next_token,
              ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
