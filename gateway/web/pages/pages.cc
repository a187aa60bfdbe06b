#include "gateway/web/pages/pages.h"

namespace rostrum::gateway {

PageRoutes AllPages() {
  PageRoutes routes;
  // Before the articles, so that "feed.rss" is not taken for a post of a channel.
  AddSyndicationPages(routes);
  AddArticlePages(routes);
  AddCommentPages(routes);
  AddFollowPages(routes);
  AddAboutPages(routes);
  AddAccountPages(routes);
  AddJoinPages(routes);
  AddFeedPages(routes);
  AddListPages(routes);
  AddSearchPages(routes);
  AddRoomPages(routes);
  AddLivePages(routes);
  AddSignUpPages(routes);
  AddLoginPages(routes);
  return routes;
}

}  // namespace rostrum::gateway
