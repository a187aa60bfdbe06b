#pragma once

#include "gateway/web/site.h"

namespace rostrum::gateway {

// Each file of pages adds its routes.
void AddArticlePages(PageRoutes& routes);
void AddCommentPages(PageRoutes& routes);
void AddFollowPages(PageRoutes& routes);
void AddAboutPages(PageRoutes& routes);
void AddSyndicationPages(PageRoutes& routes);
void AddAccountPages(PageRoutes& routes);
void AddJoinPages(PageRoutes& routes);
void AddFeedPages(PageRoutes& routes);
void AddListPages(PageRoutes& routes);
void AddSearchPages(PageRoutes& routes);
void AddRoomPages(PageRoutes& routes);
void AddLivePages(PageRoutes& routes);
void AddSignUpPages(PageRoutes& routes);
void AddLoginPages(PageRoutes& routes);

// All of them.
PageRoutes AllPages();

}  // namespace rostrum::gateway
