#pragma once

#include <string>

#include "gateway/web/page.h"
#include "rostrum/feed/v1/follow_service.pb.h"

namespace rostrum::gateway {

// Adds the section FOLLOW with a button to follow or unfollow; none while
// feed is unavailable.
asio::awaitable<void> AddFollowButton(Page& page, feed::v1::FollowKind kind, std::string target_id,
                                      std::string name, std::string here,
                                      ctemplate::TemplateDictionary& values);

}  // namespace rostrum::gateway
