#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gateway/web/article_cache.h"
#include "gateway/web/page.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "rostrum/subscription/v1/access_service.pb.h"

namespace rostrum::gateway {

// The parts of an article for a visitor. Parts that are not cached are asked for; a part that
// cannot be loaded is null.
struct VisitorParts {
  KeptPtr<content::v1::Post> post;
  // The decision, as far as others may see the same.
  subscription::v1::ReadingAccess access;
  // The times of the visitor's offer, for OfferPlaceholders().
  std::vector<std::string> offer_times;
  KeptPtr<ArticleCache::Card> card;
  KeptPtr<ArticleCache::Comments> comments;
};

// The author's card, cached; null if it could not be loaded.
asio::awaitable<KeptPtr<ArticleCache::Card>> LoadCard(Page& page,
                                                      const content::v1::PostSummary& post);

// Loads the article at the path of the page, as `known` or, if that is null, by its channel and
// slug. Only the decision who may read is asked for each time. NOT_FOUND if the post is no longer
// there, or has to be asked for by a call of its own.
asio::awaitable<absl::Status> LoadForVisitor(Page& page, const KnownPost* known,
                                             VisitorParts& parts);

// The key of the page in the cache, made of its parts; empty if a part could not be loaded.
std::string PageKey(const Page& page, const VisitorParts& parts);

}  // namespace rostrum::gateway
