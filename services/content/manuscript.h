#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rostrum/content/v1/desk_service.pb.h"
#include "services/content/post.h"

namespace rostrum::content {

using ManuscriptState = v1::ManuscriptState;

// The part of a manuscript that its author writes.
struct ManuscriptContent {
  std::string slug;
  std::string title;
  std::string lede;
  std::string markdown;
  std::string body_html;  // rendered from `markdown` when it was saved
  std::string preview_html;
  int word_count = 0;
  std::optional<ChannelId> channel_id;
  std::vector<TopicId> topic_ids;
  AuthorId author_id;
  AccessLevel access_level = subscription::v1::ACCESS_LEVEL_METERED;
  std::optional<Picture> picture;

  friend bool operator==(const ManuscriptContent&, const ManuscriptContent&) = default;
};

// A post as its authors and editors see it.
struct Manuscript {
  PostId id;
  ManuscriptContent content;
  AccountId author_account_id;  // of the stored author; empty for none
  ManuscriptState state = v1::MANUSCRIPT_STATE_DRAFT;
  std::optional<absl::Time> publish_time;   // when it was first published; stays after Unpublish
  std::optional<absl::Time> schedule_time;  // while it is scheduled
  std::optional<absl::Time> revise_time;    // last change of the text after publishing
  absl::Time create_time;
  absl::Time update_time;
  absl::Time text_time;       // when title and text were last changed
  AccountId text_account_id;  // who wrote them
  int64_t version = 1;

  bool published() const { return state == v1::MANUSCRIPT_STATE_PUBLISHED; }
};

// A former text of a manuscript.
struct Revision {
  int revision = 0;  // counts from 1
  std::string title;
  std::string markdown;
  absl::Time create_time;
  AccountId account_id;
};

// The author or editor who makes a request.
struct DeskUser {
  AccountId account_id;
  bool edits_all = false;  // editors and admins
};

inline constexpr size_t kMaxTitle = 200;
inline constexpr size_t kMaxLede = 500;
inline constexpr size_t kMaxPostSlug = 100;
inline constexpr size_t kMaxTopics = 10;
inline constexpr int kMaxRevisions = 500;
inline constexpr absl::Duration kMaxScheduleAhead = absl::Hours(24 * 366);

// The rules for manuscripts. They are checked inside the store's transaction, so they are
// pure functions of the stored state. A call that changes nothing does not change the
// version.

// NOT_FOUND / POST_NOT_FOUND.
absl::Status ManuscriptNotFound();

// ManuscriptNotFound unless the manuscript is the user's own or `edits_all`.
absl::Status CheckDesk(const Manuscript& manuscript, const DeskUser& user);

// Replaces the content by `content`, which `user` made from the present content. ABORTED /
// ETAG_MISMATCH; FAILED_PRECONDITION / INCOMPLETE if a published or scheduled post would
// lose its text or channel.
absl::Status Edit(Manuscript& manuscript, const ManuscriptContent& content, const DeskUser& user,
                  const std::string& etag, absl::Time now);
// `first_published` is set if the post appeared elsewhere before. FAILED_PRECONDITION /
// INCOMPLETE, INVALID_ARGUMENT / IN_FUTURE, ABORTED / ETAG_MISMATCH.
absl::Status Publish(Manuscript& manuscript, std::optional<absl::Time> first_published,
                     const std::string& etag, absl::Time now);
// As Publish; INVALID_ARGUMENT / NOT_IN_FUTURE or TOO_FAR_AHEAD,
// FAILED_PRECONDITION / ALREADY_PUBLISHED.
absl::Status Schedule(Manuscript& manuscript, absl::Time publish_time, const std::string& etag,
                      absl::Time now);
// ABORTED / ETAG_MISMATCH.
absl::Status Unpublish(Manuscript& manuscript, const std::string& etag, absl::Time now);
// FAILED_PRECONDITION / WAS_PUBLISHED, ABORTED / ETAG_MISMATCH.
absl::Status CheckDelete(const Manuscript& manuscript, const std::string& etag);

}  // namespace rostrum::content
