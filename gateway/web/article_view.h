#pragma once

#include <string>

#include "gateway/web/dictionary.h"
#include "gateway/web/page.h"
#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// Turning messages into the values of templates. What stands there is escaped
// by the templates; only HTML that content and comment rendered goes in as it
// is.

// "/c/<channel>/<post>".
std::string ArticlePath(const content::v1::PostSummary& post);
std::string ArticlePath(absl::string_view channel_slug, absl::string_view slug);

// Everything of the article but its discussion: byline, text or wall, meter,
// offer. `here` is where login and sign-up come back to.
void FillArticle(const Words& words, const content::v1::Post& post, const std::string& here,
                 bool signed_in, ctemplate::TemplateDictionary& values);

// The offer as it stands: a section OFFER with offer.tpl. Without one `otherwise`
// is said.
void FillOffer(const Words& words, const subscription::v1::ReadingAccess& access,
               const std::string& here, bool signed_in, const std::string& otherwise,
               ctemplate::TemplateDictionary& parent);

// In the last three days of a trial the header says when it ends.
void FillTrialEnding(const subscription::v1::ReadingAccess& access, const std::string& here,
                     ctemplate::TemplateDictionary& layout);

// Canonical address, Open Graph and schema.org data in the head of the page.
void FillHead(const std::string& public_url, const std::string& site_name,
              const content::v1::Post& post, ctemplate::TemplateDictionary& layout);

// The author's latest premium posts.
void FillAuthorCard(const Words& words, const content::v1::Author& author,
                    const content::v1::ListPostsResponse& posts,
                    ctemplate::TemplateDictionary& values);

// A button that follows or unfollows. `kind` is the proto's number.
void FillFollowButton(const Words& words, int kind, const std::string& target_id,
                      const std::string& name, bool followed, const std::string& here,
                      ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
