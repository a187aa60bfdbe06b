#include "gateway/web/pages/pages.h"

namespace rostrum::gateway {

PageRoutes AllPages() {
  PageRoutes routes;
  AddArticlePages(routes);
  AddFollowPages(routes);
  return routes;
}

}  // namespace rostrum::gateway
