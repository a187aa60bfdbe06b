#pragma once

#include "gateway/proxy/event_tail.h"
#include "gateway/web/article_cache.h"
#include "gateway/web/live_hub.h"
#include "services/common/rpc/event_source.h"

namespace rostrum::gateway {

// Follows the events of comment and content, once for all browsers of this gateway, and
// passes the changes on to the live hub and the article cache.
class LiveEvents {
 public:
  // The sources must outlive this.
  LiveEvents(const EventSource& comment, const EventSource& content, LiveHub& hub,
             ArticleCache& articles);

 private:
  const EventTail comments_;
  const EventTail posts_;
};

}  // namespace rostrum::gateway
