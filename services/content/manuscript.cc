#include "services/content/manuscript.h"

#include "services/common/base/status.h"
#include "services/common/rpc/etag.h"

namespace rostrum::content {
namespace {

absl::Status CheckComplete(const ManuscriptContent& content) {
  if (!content.body_html.empty() && content.channel_id.has_value()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "INCOMPLETE",
               content.channel_id.has_value() ? "it has no text" : "it has no channel");
}

void Touch(Manuscript& manuscript, absl::Time now) {
  manuscript.update_time = now;
  ++manuscript.version;
}

}  // namespace

absl::Status ManuscriptNotFound() {
  return Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such manuscript");
}

absl::Status CheckDesk(const Manuscript& manuscript, const DeskUser& user) {
  const bool own = !user.account_id.empty() && manuscript.author_account_id == user.account_id;
  if (user.edits_all || own) return absl::OkStatus();
  return ManuscriptNotFound();
}

absl::Status Edit(Manuscript& manuscript, const ManuscriptContent& content, const DeskUser& user,
                  const std::string& etag, absl::Time now) {
  RETURN_IF_ERROR(CheckEtag(etag, manuscript.version));
  if (manuscript.state != v1::MANUSCRIPT_STATE_DRAFT) RETURN_IF_ERROR(CheckComplete(content));
  if (content == manuscript.content) return absl::OkStatus();
  const bool new_markdown = content.markdown != manuscript.content.markdown;
  if (new_markdown || content.title != manuscript.content.title) {
    manuscript.text_time = now;
    manuscript.text_account_id = user.account_id;
  }
  // Also while it is withdrawn: readers know the former text.
  if (new_markdown && manuscript.publish_time.has_value()) manuscript.revise_time = now;
  manuscript.content = content;
  Touch(manuscript, now);
  return absl::OkStatus();
}

absl::Status Publish(Manuscript& manuscript, std::optional<absl::Time> first_published,
                     const std::string& etag, absl::Time now) {
  if (first_published.has_value() && *first_published > now) {
    return InvalidField("publish_time", "IN_FUTURE", "must not be in the future");
  }
  if (manuscript.published()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckEtag(etag, manuscript.version));
  RETURN_IF_ERROR(CheckComplete(manuscript.content));
  manuscript.state = v1::MANUSCRIPT_STATE_PUBLISHED;
  if (!manuscript.publish_time.has_value()) manuscript.publish_time = first_published.value_or(now);
  manuscript.schedule_time.reset();
  Touch(manuscript, now);
  return absl::OkStatus();
}

absl::Status Schedule(Manuscript& manuscript, absl::Time publish_time, const std::string& etag,
                      absl::Time now) {
  if (manuscript.published()) {
    return Error(absl::StatusCode::kFailedPrecondition, "ALREADY_PUBLISHED",
                 "it is published already");
  }
  if (manuscript.schedule_time == publish_time) return absl::OkStatus();
  RETURN_IF_ERROR(CheckEtag(etag, manuscript.version));
  RETURN_IF_ERROR(CheckComplete(manuscript.content));
  if (publish_time <= now) {
    return InvalidField("publish_time", "NOT_IN_FUTURE", "must be in the future");
  }
  if (publish_time > now + kMaxScheduleAhead) {
    return InvalidField("publish_time", "TOO_FAR_AHEAD", "must be within a year");
  }
  manuscript.state = v1::MANUSCRIPT_STATE_SCHEDULED;
  manuscript.schedule_time = publish_time;
  Touch(manuscript, now);
  return absl::OkStatus();
}

absl::Status Unpublish(Manuscript& manuscript, const std::string& etag, absl::Time now) {
  if (manuscript.state == v1::MANUSCRIPT_STATE_DRAFT) return absl::OkStatus();
  RETURN_IF_ERROR(CheckEtag(etag, manuscript.version));
  manuscript.state = v1::MANUSCRIPT_STATE_DRAFT;
  manuscript.schedule_time.reset();
  Touch(manuscript, now);
  return absl::OkStatus();
}

absl::Status CheckDelete(const Manuscript& manuscript, const std::string& etag) {
  if (manuscript.publish_time.has_value()) {
    return Error(absl::StatusCode::kFailedPrecondition, "WAS_PUBLISHED",
                 "it was published; unpublish it instead");
  }
  return CheckEtag(etag, manuscript.version);
}

}  // namespace rostrum::content
