#pragma once

#include <string>

#include "gateway/web/dictionary.h"
#include "gateway/web/page.h"
#include "rostrum/content/v1/post_service.pb.h"

namespace rostrum::gateway {

// Turns messages into the values of templates. The templates escape the values; only HTML
// that content and comment have rendered is inserted unchanged.

// "/c/<channel>/<post>".
std::string ArticlePath(const content::v1::PostSummary& post);
std::string ArticlePath(absl::string_view channel_slug, absl::string_view slug);

// An include AVATAR with avatar.tpl: the author's picture, or the first letter of the name.
void FillAvatar(const content::v1::Author& author, ctemplate::TemplateDictionary& values);

// Everything of the article but its discussion: byline, text or paywall, meter, offer.
// `here` is the path to return to after login and sign-up.
void FillArticle(const Words& words, const content::v1::Post& post, const std::string& here,
                 bool signed_in, ctemplate::TemplateDictionary& values);

// The current offer: a section OFFER with offer.tpl. Without an offer, the text
// `otherwise`. Times that an offer does not have are left to be put in later (offer_times.h).
void FillOffer(const Words& words, const subscription::v1::ReadingAccess& access,
               const std::string& here, bool signed_in, const std::string& otherwise,
               ctemplate::TemplateDictionary& parent);

// In the last three days of a trial: the note in the header on when it ends.
void FillTrialEnding(const subscription::v1::ReadingAccess& access, const std::string& here,
                     ctemplate::TemplateDictionary& layout);

// The author's latest premium posts.
void FillAuthorCard(const Words& words, const content::v1::Author& author,
                    const content::v1::ListPostsResponse& posts,
                    ctemplate::TemplateDictionary& values);

// A button that follows or unfollows. `kind` is the proto's number.
void FillFollowButton(const Words& words, int kind, const std::string& target_id,
                      const std::string& name, bool followed, const std::string& here,
                      ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
