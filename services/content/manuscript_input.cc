#include "services/content/manuscript_input.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/content/slug.h"

namespace rostrum::content {
namespace {

constexpr size_t kMaxCaption = 300;
constexpr size_t kMaxCredit = 120;

void CheckOptionalId(FieldChecks& checks, const std::string& id, const std::string& field) {
  checks.Require(id.empty() || IsUuid(id), field, "INVALID_ID", "must be a UUID");
}

void CheckPicture(FieldChecks& checks, const v1::Picture& picture) {
  CheckOptionalId(checks, picture.media_id(), "manuscript.picture.media_id");
  checks.OptionalText(picture.caption(), "manuscript.picture.caption", kMaxCaption);
  checks.OptionalText(picture.credit(), "manuscript.picture.credit", kMaxCredit);
  checks.OptionalText(picture.alt_text(), "manuscript.picture.alt_text", kMaxCaption);
}

void CheckTopicIds(FieldChecks& checks, const v1::Manuscript& wanted) {
  checks.Require(static_cast<size_t>(wanted.topic_ids_size()) <= kMaxTopics, "manuscript.topic_ids",
                 "TOO_MANY", "must be at most 10");
  std::set<std::string> seen;
  for (int i = 0; i < wanted.topic_ids_size(); ++i) {
    const std::string field = absl::StrCat("manuscript.topic_ids[", i, "]");
    checks.Require(IsUuid(wanted.topic_ids(i)), field, "INVALID_ID", "must be a UUID");
    checks.Require(seen.insert(wanted.topic_ids(i)).second, field, "REPEATED", "is there twice");
  }
}

bool IsLevel(AccessLevel level, ManuscriptAge age) {
  if (level == subscription::v1::ACCESS_LEVEL_UNSPECIFIED) return age == ManuscriptAge::kNew;
  return subscription::v1::AccessLevel_IsValid(level);
}

absl::Status CheckFields(const v1::Manuscript& wanted, ManuscriptAge age) {
  FieldChecks checks;
  if (!wanted.slug().empty() || age == ManuscriptAge::kStored) {
    CheckSlug(checks, wanted.slug(), "manuscript.slug", kMaxPostSlug);
  }
  checks.RequireText(wanted.title(), "manuscript.title", kMaxTitle);
  checks.OptionalText(wanted.lede(), "manuscript.lede", kMaxLede, /*multiline=*/true);
  CheckOptionalId(checks, wanted.channel_id(), "manuscript.channel_id");
  CheckOptionalId(checks, wanted.author_id(), "manuscript.author_id");
  CheckTopicIds(checks, wanted);
  checks.Require(IsLevel(wanted.access_level(), age), "manuscript.access_level", "UNKNOWN_LEVEL",
                 "must be public, metered or premium");
  CheckPicture(checks, wanted.picture());
  return checks.status();
}

}  // namespace

const std::vector<std::string>& UpdatableManuscriptFields() {
  static const auto* const fields = new std::vector<std::string>{
      "slug",      "title",     "lede",         "markdown", "channel_id",
      "topic_ids", "author_id", "access_level", "picture"};
  return *fields;
}

absl::StatusOr<RenderedMarkdown> RenderArticle(const std::string& markdown,
                                               const std::string& field) {
  return RenderMarkdown(markdown, kArticleMarkdown, field);
}

absl::StatusOr<ManuscriptContent> ReadManuscript(const v1::Manuscript& wanted, ManuscriptAge age) {
  RETURN_IF_ERROR(CheckFields(wanted, age));
  ASSIGN_OR_RETURN(RenderedMarkdown rendered,
                   RenderArticle(wanted.markdown(), "manuscript.markdown"));
  ManuscriptContent content{.slug = wanted.slug(),
                            .title = wanted.title(),
                            .lede = wanted.lede(),
                            .markdown = wanted.markdown(),
                            .body_html = std::move(rendered.html),
                            .preview_html = std::move(rendered.preview_html),
                            .word_count = rendered.word_count,
                            .author_id = AuthorId(wanted.author_id())};
  if (!wanted.channel_id().empty()) content.channel_id = ChannelId(wanted.channel_id());
  for (const std::string& id : wanted.topic_ids()) content.topic_ids.push_back(TopicId(id));
  if (wanted.access_level() != subscription::v1::ACCESS_LEVEL_UNSPECIFIED) {
    content.access_level = wanted.access_level();
  }
  if (!wanted.picture().media_id().empty()) {
    content.picture = Picture{.media_id = MediaId(wanted.picture().media_id()),
                              .caption = wanted.picture().caption(),
                              .credit = wanted.picture().credit(),
                              .alt_text = wanted.picture().alt_text()};
  }
  return content;
}

}  // namespace rostrum::content
