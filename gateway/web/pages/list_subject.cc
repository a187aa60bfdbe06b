#include "gateway/web/pages/list_subject.h"

#include "absl/strings/str_cat.h"
#include "gateway/web/rpcs.h"

namespace rostrum::gateway {

namespace cpb = rostrum::content::v1;
namespace fpb = rostrum::feed::v1;

SubjectAnswer LoadChannel(Page& page) {
  cpb::GetChannelRequest get;
  get.set_channel(page.path.at("channel"));
  const auto loaded = co_await page.calls.CallShared(rpcs::kGetChannel, get);
  if (!loaded.ok()) co_return loaded.status();
  const cpb::Channel& channel = **loaded;
  ListSubject subject;
  subject.path = absl::StrCat("/c/", channel.slug());
  subject.name = channel.display_name();
  subject.about = channel.description();
  subject.room = channel.slug();
  subject.kind = fpb::FOLLOW_KIND_CHANNEL;
  subject.id = channel.channel_id();
  subject.posts.set_channel(channel.channel_id());
  co_return subject;
}

SubjectAnswer LoadTopic(Page& page) {
  cpb::GetTopicRequest get;
  get.set_topic(page.path.at("topic"));
  const auto loaded = co_await page.calls.CallShared(rpcs::kGetTopic, get);
  if (!loaded.ok()) co_return loaded.status();
  const cpb::Topic& topic = **loaded;
  ListSubject subject;
  subject.path = absl::StrCat("/t/", topic.slug());
  subject.name = topic.display_name();
  subject.kind = fpb::FOLLOW_KIND_TOPIC;
  subject.id = topic.topic_id();
  subject.posts.set_topic(topic.topic_id());
  co_return subject;
}

SubjectAnswer LoadAuthor(Page& page) {
  cpb::GetAuthorRequest get;
  get.set_author(page.path.at("author"));
  const auto loaded = co_await page.calls.CallShared(rpcs::kGetAuthor, get);
  if (!loaded.ok()) co_return loaded.status();
  const cpb::Author& author = **loaded;
  ListSubject subject;
  subject.path = absl::StrCat("/a/", author.slug());
  subject.name = author.display_name();
  subject.about = author.bio();
  subject.kind = fpb::FOLLOW_KIND_AUTHOR;
  subject.id = author.author_id();
  subject.author = author;
  subject.posts.set_author(author.author_id());
  co_return subject;
}

}  // namespace rostrum::gateway
