#pragma once

#include "gateway/web/site.h"

namespace rostrum::gateway {

// Each file of pages adds its routes.
void AddArticlePages(PageRoutes& routes);
void AddFollowPages(PageRoutes& routes);

// All of them.
PageRoutes AllPages();

}  // namespace rostrum::gateway
