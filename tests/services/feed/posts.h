#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "rostrum/content/v1/post_service.pb.h"
#include "services/common/base/ids.h"
#include "services/common/rpc/proto_time.h"
#include "services/feed/follow.h"

namespace rostrum::feed {

inline const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

// The id of what tests call by a name.
inline std::string Uuid(const std::string& name) {
  static std::map<std::string, std::string> ids;
  std::string& id = ids[name];
  if (id.empty()) id = NewUuid(kNoon);
  return id;
}

inline Target Named(FollowKind kind, const std::string& name) {
  return {.kind = kind, .id = Uuid(name), .display_name = name, .slug = name};
}

// A post that is published `minute` minutes after noon.
inline content::v1::PostSummary Post(const std::string& title, int minute,
                                     const std::string& channel, const std::string& author,
                                     const std::vector<std::string>& topics = {}) {
  content::v1::PostSummary post;
  post.set_post_id(Uuid("post " + title));
  post.set_title(title);
  *post.mutable_publish_time() = ToProtoTime(kNoon + absl::Minutes(minute));
  post.mutable_channel()->set_channel_id(Uuid(channel));
  post.mutable_channel()->set_display_name(channel);
  post.mutable_author()->set_author_id(Uuid(author));
  post.mutable_author()->set_display_name(author);
  for (const std::string& topic : topics) {
    post.add_topics()->set_topic_id(Uuid(topic));
    post.mutable_topics(post.topics_size() - 1)->set_display_name(topic);
  }
  return post;
}

}  // namespace rostrum::feed
