#include "services/content/content_proto.h"

#include "services/common/rpc/etag.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::content {
namespace {

pb::Picture ToProto(const Picture& picture) {
  pb::Picture out;
  out.set_media_id(picture.media_id.value());
  out.set_caption(picture.caption);
  out.set_credit(picture.credit);
  out.set_alt_text(picture.alt_text);
  out.set_width(picture.width);
  out.set_height(picture.height);
  return out;
}

}  // namespace

pb::Channel ToProto(const Channel& channel) {
  pb::Channel out;
  out.set_channel_id(channel.id.value());
  out.set_slug(channel.slug);
  out.set_display_name(channel.display_name);
  out.set_description(channel.description);
  *out.mutable_create_time() = ToProtoTime(channel.create_time);
  out.set_etag(EtagOf(channel.version));
  return out;
}

pb::Topic ToProto(const Topic& topic) {
  pb::Topic out;
  out.set_topic_id(topic.id.value());
  out.set_slug(topic.slug);
  out.set_display_name(topic.display_name);
  return out;
}

pb::Author ToProto(const Author& author, ShowAccount show) {
  pb::Author out;
  out.set_author_id(author.id.value());
  out.set_slug(author.slug);
  out.set_display_name(author.display_name);
  out.set_bio(author.bio);
  if (show == ShowAccount::kYes) out.set_account_id(author.account_id.value());
  out.set_avatar_media_id(author.avatar.value());
  out.set_etag(EtagOf(author.version));
  return out;
}

pb::PostSummary ToProto(const PostSummary& post) {
  pb::PostSummary out;
  out.set_post_id(post.id.value());
  out.set_slug(post.slug);
  out.set_title(post.title);
  out.set_lede(post.lede);
  *out.mutable_channel() = ToProto(post.channel);
  *out.mutable_author() = ToProto(post.author);
  for (const Topic& topic : post.topics) *out.add_topics() = ToProto(topic);
  out.set_access_level(post.access_level);
  if (post.picture.has_value()) *out.mutable_picture() = ToProto(*post.picture);
  *out.mutable_publish_time() = ToProtoTime(post.publish_time);
  if (post.revise_time.has_value()) *out.mutable_revise_time() = ToProtoTime(*post.revise_time);
  out.set_view_count(post.view_count);
  out.set_unique_view_count(post.unique_view_count);
  out.set_word_count(post.word_count);
  return out;
}

pb::FoundPost ToProto(const FoundPost& found) {
  pb::FoundPost out;
  *out.mutable_post() = ToProto(found.post);
  const auto add = [](const std::vector<Passage>& passages, auto* field) {
    for (const Passage& passage : passages) {
      pb::Passage* added = field->Add();
      added->set_text(passage.text);
      added->set_match(passage.match);
    }
  };
  add(found.title, out.mutable_title());
  add(found.excerpt, out.mutable_excerpt());
  return out;
}

pb::Manuscript ToProto(const Manuscript& manuscript) {
  const ManuscriptContent& content = manuscript.content;
  pb::Manuscript out;
  out.set_post_id(manuscript.id.value());
  out.set_slug(content.slug);
  out.set_title(content.title);
  out.set_lede(content.lede);
  out.set_markdown(content.markdown);
  if (content.channel_id.has_value()) out.set_channel_id(content.channel_id->value());
  for (const TopicId& topic : content.topic_ids) out.add_topic_ids(topic.value());
  out.set_author_id(content.author_id.value());
  out.set_access_level(content.access_level);
  if (content.picture.has_value()) *out.mutable_picture() = ToProto(*content.picture);
  out.set_state(manuscript.state);
  const std::optional<absl::Time>& publish_time =
      manuscript.schedule_time.has_value() ? manuscript.schedule_time : manuscript.publish_time;
  if (publish_time.has_value()) *out.mutable_publish_time() = ToProtoTime(*publish_time);
  *out.mutable_create_time() = ToProtoTime(manuscript.create_time);
  *out.mutable_update_time() = ToProtoTime(manuscript.update_time);
  out.set_etag(EtagOf(manuscript.version));
  return out;
}

pb::Revision ToProto(const Revision& revision) {
  pb::Revision out;
  out.set_revision(revision.revision);
  out.set_title(revision.title);
  out.set_markdown(revision.markdown);
  *out.mutable_create_time() = ToProtoTime(revision.create_time);
  out.set_account_id(revision.account_id.value());
  return out;
}

pb::Media ToProto(const Media& media) {
  pb::Media out;
  out.set_media_id(media.id.value());
  out.set_width(media.width);
  out.set_height(media.height);
  out.set_content_type(media.content_type);
  for (const int width : media.variant_widths) out.add_variant_widths(width);
  return out;
}

}  // namespace rostrum::content
