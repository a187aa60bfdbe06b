#include "tests/load/hot/posts.h"

#include <string>

#include "rostrum/comment/v1/comment_service.pb.h"

namespace rostrum::gateway {

content::v1::Post SamplePost(size_t text_bytes) {
  content::v1::Post post;
  content::v1::PostSummary& summary = *post.mutable_summary();
  summary.set_post_id("0190d0a2-7d4e-7cc1-8000-0242ac120002");
  summary.set_slug("what-the-ceasefire-left-open");
  summary.set_title("What the ceasefire left open");
  summary.set_lede("Three months on, the text says less than its signatories do.");
  summary.set_access_level(subscription::v1::ACCESS_LEVEL_PUBLIC);
  summary.mutable_channel()->set_channel_id("0190d0a2-7d4e-7cc1-8000-0242ac120003");
  summary.mutable_channel()->set_slug("world");
  summary.mutable_channel()->set_display_name("World");
  summary.mutable_author()->set_author_id("0190d0a2-7d4e-7cc1-8000-0242ac120004");
  summary.mutable_author()->set_slug("ada");
  summary.mutable_author()->set_display_name("Ada");
  for (const char* name : {"War", "Geopolitics", "Human Rights", "Peace"}) {
    content::v1::Topic& topic = *summary.add_topics();
    topic.set_topic_id("0190d0a2-7d4e-7cc1-8000-0242ac120005");
    topic.set_slug("topic");
    topic.set_display_name(name);
  }
  summary.mutable_publish_time()->set_seconds(1'700'000'000);
  std::string& text = *post.mutable_body_html();
  while (text.size() < text_bytes) {
    text += "<p>A paragraph of a text with \"quotes\", an <em>emphasis</em> and a link.</p>\n";
  }
  post.mutable_access()->set_granted(true);
  post.mutable_access()->set_reason(subscription::v1::ACCESS_REASON_PUBLIC);
  return post;
}

const google::protobuf::ServiceDescriptor* PostServiceDescriptor() {
  return content::v1::Post::descriptor()->file()->FindServiceByName("PostService");
}

const google::protobuf::ServiceDescriptor* CommentServiceDescriptor() {
  return comment::v1::Comment::descriptor()->file()->FindServiceByName("CommentService");
}

}  // namespace rostrum::gateway
