#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/common/base/status.h"
#include "services/content/post_store.h"
#include "tests/services/content/fake_manuscript_store.h"

namespace rostrum::content {

// A PostStore that shows what a FakeManuscriptStore holds, held to the same
// contract as the real one.
class FakePostStore final : public PostStore {
 public:
  FakePostStore(FakeManuscriptStore& manuscripts, FakeCatalogStore& catalog)
      : manuscripts_(manuscripts), catalog_(catalog) {}

  // Called once, between the decision about a text and reading it.
  std::function<void()> before_text;

  absl::StatusOr<PostSummary> Find(const PostRef& ref) override {
    PostId id = ref.id.value_or(PostId());
    if (!ref.id.has_value()) {
      const absl::StatusOr<Channel> channel = catalog_.FindChannel(ref.channel);
      if (channel.ok()) id = manuscripts_.OfSlug(channel->id, ref.slug);
    }
    const absl::StatusOr<Manuscript> manuscript = manuscripts_.Get(id);
    if (!manuscript.ok() || !manuscript->published()) return PostNotFound();
    return SummaryOf(*manuscript);
  }

  absl::StatusOr<std::map<PostId, PostSummary>> FindAll(const std::vector<PostId>& ids) override {
    std::map<PostId, PostSummary> posts;
    for (const PostId& id : ids) {
      if (const auto post = Find({.id = id}); post.ok()) posts[id] = *post;
    }
    return posts;
  }

  absl::StatusOr<std::map<SlugPair, PostId>> Resolve(const std::vector<SlugPair>& places) override {
    std::map<SlugPair, PostId> found;
    for (const SlugPair& place : places) {
      const auto post = Find({.channel = place.channel, .slug = place.slug});
      if (post.ok() && SlugPair{post->channel.slug, post->slug} == place) found[place] = post->id;
    }
    return found;
  }

  absl::StatusOr<PostFacts> GetFacts(const PostId& id) override {
    const absl::StatusOr<Manuscript> manuscript = manuscripts_.Get(id);
    if (!manuscript.ok()) return PostNotFound();
    return PostFacts{.id = id,
                     .published = manuscript->published(),
                     .access_level = manuscript->content.access_level,
                     .author_account_id = manuscript->author_account_id};
  }

  absl::StatusOr<std::map<PostId, PostVersion>> GetVersions(
      const std::vector<PostId>& ids) override {
    std::map<PostId, PostVersion> versions;
    for (const PostId& id : ids) {
      const absl::StatusOr<PostSummary> post = Find({.id = id});
      if (!post.ok()) continue;
      versions[id] = {.facts = GetFacts(id).value(), .version = VersionOf(*post)};
    }
    return versions;
  }

  absl::StatusOr<Look> LookForChanges(const std::string& since) override {
    Look look{.state = "versions\n"};
    for (const auto& [id, manuscript] : manuscripts_.all()) {
      if (!manuscript.published()) continue;
      const ReaderVersion version = VersionOf(SummaryOf(manuscript));
      absl::StrAppend(&look.state, id.value(), " ", version.ToString(), "\n");
    }
    // What is published anew changes nothing that could be had before.
    look.changed = since.empty();
    for (const absl::string_view post : absl::StrSplit(since, '\n')) {
      look.changed |= !absl::StrContains(look.state, post);
    }
    return look;
  }

  absl::StatusOr<std::map<TextRef, std::string>> GetTexts(
      const std::vector<TextRef>& refs) override {
    if (before_text) std::exchange(before_text, nullptr)();
    std::map<TextRef, std::string> texts;
    for (const TextRef& ref : refs) {
      const absl::StatusOr<Manuscript> manuscript = manuscripts_.Get(ref.id);
      if (!manuscript.ok() || !manuscript->published()) continue;
      const ManuscriptContent& content = manuscript->content;
      if (content.access_level != ref.decided_for) continue;
      texts[ref] = ref.part == TextPart::kBody ? content.body_html : content.preview_html;
    }
    return texts;
  }

  absl::StatusOr<std::vector<PostSummary>> List(const PostQuery& query) override {
    std::vector<PostSummary> posts;
    for (const auto& [id, manuscript] : manuscripts_.all()) {
      if (manuscript.published() && Matches(manuscript, query)) {
        posts.push_back(SummaryOf(manuscript));
      }
    }
    std::sort(posts.begin(), posts.end(), [](const PostSummary& a, const PostSummary& b) {
      return std::tie(b.publish_time, b.id) < std::tie(a.publish_time, a.id);
    });
    if (posts.size() > static_cast<size_t>(query.limit)) posts.resize(query.limit);
    return posts;
  }

 private:
  static bool Matches(const Manuscript& manuscript, const PostQuery& query) {
    const ManuscriptContent& content = manuscript.content;
    const auto& topics = content.topic_ids;
    return (!query.channel_id || content.channel_id == query.channel_id) &&
           (!query.author_id || content.author_id == *query.author_id) &&
           (!query.topic_id ||
            std::find(topics.begin(), topics.end(), *query.topic_id) != topics.end()) &&
           (!query.access_level || content.access_level == *query.access_level) &&
           (!query.after || std::tie(*manuscript.publish_time, manuscript.id) <
                                std::tie(query.after->publish_time, query.after->id));
  }
  PostSummary SummaryOf(const Manuscript& manuscript) {
    const ManuscriptContent& content = manuscript.content;
    PostSummary post{.id = manuscript.id,
                     .slug = content.slug,
                     .title = content.title,
                     .lede = content.lede,
                     .channel = catalog_.FindChannel(content.channel_id->value()).value(),
                     .author = catalog_.FindAuthor(content.author_id.value()).value(),
                     .access_level = content.access_level,
                     .picture = content.picture,
                     .publish_time = *manuscript.publish_time,
                     .revise_time = manuscript.revise_time,
                     .word_count = content.word_count,
                     .version = manuscript.version};
    for (const TopicId& topic : content.topic_ids) {
      post.topics.push_back(catalog_.FindTopic(topic.value()).value());
    }
    return post;
  }

  FakeManuscriptStore& manuscripts_;
  FakeCatalogStore& catalog_;
};

}  // namespace rostrum::content
