#include "gateway/web/pages/pages.h"

namespace rostrum::gateway {

PageRoutes AllPages() {
  PageRoutes routes;
  AddArticlePages(routes);
  AddFollowPages(routes);
  AddAccountPages(routes);
  AddJoinPages(routes);
  AddFeedPages(routes);
  AddListPages(routes);
  AddSignUpPages(routes);
  AddLoginPages(routes);
  return routes;
}

}  // namespace rostrum::gateway
