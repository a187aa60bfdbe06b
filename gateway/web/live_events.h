#pragma once

#include <memory>
#include <vector>

#include "gateway/proxy/backends.h"
#include "gateway/proxy/event_tail.h"
#include "gateway/web/article_cache.h"
#include "gateway/web/live_hub.h"
#include "services/common/rpc/channel.h"

namespace rostrum::gateway {

// Follows the events of comment and content, once for all browsers of this gateway, and
// passes the changes on to the live hub and the article cache.
class LiveEvents {
 public:
  LiveEvents(Backends& backends, const IdentitySigner& signer, Metrics& metrics, LiveHub& hub,
             ArticleCache& articles);

 private:
  const ServiceCaller comment_caller_;
  const ServiceCaller content_caller_;
  const EventTail comments_;
  const EventTail posts_;
};

}  // namespace rostrum::gateway
