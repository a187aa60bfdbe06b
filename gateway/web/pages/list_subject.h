#pragma once

#include <optional>
#include <string>

#include "gateway/web/page.h"
#include "rostrum/content/v1/catalog_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "rostrum/feed/v1/follow_service.pb.h"

namespace rostrum::gateway {

// What a list of posts is about.
struct ListSubject {
  std::string path;  // of the list as a page: "/t/war"
  std::string name;
  std::string about;
  std::string room;  // slug of the channel that has one
  // How it can be followed; unspecified if it cannot.
  feed::v1::FollowKind kind = feed::v1::FOLLOW_KIND_UNSPECIFIED;
  std::string id;
  std::optional<content::v1::Author> author;  // if it is about one
  content::v1::ListPostsRequest posts;        // which posts: no page and no size
};

using LoadedSubject = asio::awaitable<absl::StatusOr<ListSubject>>;
using LoadSubject = LoadedSubject (*)(Page&);

// What the variable of the route names: {channel}, {topic} or {author}. The errors are those
// of content.
LoadedSubject LoadChannel(Page& page);
LoadedSubject LoadTopic(Page& page);
LoadedSubject LoadAuthor(Page& page);

}  // namespace rostrum::gateway
