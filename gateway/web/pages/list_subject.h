#pragma once

#include <optional>
#include <string>

#include "gateway/web/page.h"
#include "rostrum/content/v1/catalog_service.pb.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "rostrum/feed/v1/follow_service.pb.h"

namespace rostrum::gateway {

// What a list of posts is about. Always a named variable: g++ 12 destroys a temporary in a
// co_await twice if it was made by braces.
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

using SubjectAnswer = asio::awaitable<absl::StatusOr<ListSubject>>;
using SubjectLoader = SubjectAnswer (*)(Page&);

// What the variable of the route names: {channel}, {topic} or {author}. The errors are those
// of content.
SubjectAnswer LoadChannel(Page& page);
SubjectAnswer LoadTopic(Page& page);
SubjectAnswer LoadAuthor(Page& page);

}  // namespace rostrum::gateway
