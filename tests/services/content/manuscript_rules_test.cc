#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "services/content/manuscript.h"
#include "tests/support/status_matchers.h"

namespace rostrum::content {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);
const absl::Time kLater = kNoon + absl::Minutes(5);
const AccountId kAnna("00000000-0000-7000-8000-00000000000a");
const AccountId kBert("00000000-0000-7000-8000-00000000000b");
const DeskUser kAsAnna{.account_id = kAnna};
const DeskUser kEditor{.account_id = kBert, .edits_all = true};

Manuscript Draft() {
  Manuscript manuscript{.id = PostId("00000000-0000-7000-8000-000000000001"),
                        .author_account_id = kAnna,
                        .create_time = kNoon,
                        .update_time = kNoon,
                        .text_time = kNoon,
                        .text_account_id = kAnna};
  manuscript.content.slug = "peace";
  manuscript.content.title = "Peace";
  manuscript.content.markdown = "At last.";
  manuscript.content.body_html = "<p>At last.</p>\n";
  manuscript.content.channel_id = ChannelId("00000000-0000-7000-8000-0000000000c1");
  return manuscript;
}

Manuscript Published() {
  Manuscript manuscript = Draft();
  EXPECT_THAT(Publish(manuscript, std::nullopt, "", kNoon), IsOk());
  return manuscript;
}

TEST(ManuscriptTest, TheDeskIsForItsAuthorAndForEditors) {
  const Manuscript manuscript = Draft();
  EXPECT_THAT(CheckDesk(manuscript, kAsAnna), IsOk());
  EXPECT_THAT(CheckDesk(manuscript, kEditor), IsOk());
  const absl::Status refused = CheckDesk(manuscript, {.account_id = kBert});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(refused, HasReason("POST_NOT_FOUND"));
}

TEST(ManuscriptTest, ABylineWithoutAnAccountBelongsToNobody) {
  Manuscript manuscript = Draft();
  manuscript.author_account_id = AccountId();
  EXPECT_THAT(CheckDesk(manuscript, {.account_id = AccountId()}), HasReason("POST_NOT_FOUND"));
}

TEST(ManuscriptTest, AnEditSaysWhoWroteTheTextAndWhen) {
  Manuscript manuscript = Draft();
  ManuscriptContent content = manuscript.content;
  content.markdown = "At long last.";
  ASSERT_THAT(Edit(manuscript, content, kEditor, "\"1\"", kLater), IsOk());
  EXPECT_EQ(manuscript.content.markdown, "At long last.");
  EXPECT_EQ(manuscript.text_account_id, kBert);
  EXPECT_EQ(manuscript.text_time, kLater);
  EXPECT_EQ(manuscript.update_time, kLater);
  EXPECT_EQ(manuscript.version, 2);
  EXPECT_FALSE(manuscript.revise_time.has_value());  // nobody has read it yet
}

TEST(ManuscriptTest, AnEditOfOtherFieldsLeavesTheTextWithItsWriter) {
  Manuscript manuscript = Published();
  ManuscriptContent content = manuscript.content;
  content.lede = "It took long.";
  ASSERT_THAT(Edit(manuscript, content, kEditor, "", kLater), IsOk());
  EXPECT_EQ(manuscript.text_account_id, kAnna);
  EXPECT_EQ(manuscript.text_time, kNoon);
  EXPECT_FALSE(manuscript.revise_time.has_value());
}

TEST(ManuscriptTest, OnlyANewTextOfAPublishedPostIsARevision) {
  Manuscript manuscript = Published();
  ManuscriptContent content = manuscript.content;
  content.title = "Peace at last";
  ASSERT_THAT(Edit(manuscript, content, kAsAnna, "", kLater), IsOk());
  EXPECT_FALSE(manuscript.revise_time.has_value());
  content.markdown = "Corrected.";
  ASSERT_THAT(Edit(manuscript, content, kAsAnna, "", kLater), IsOk());
  EXPECT_EQ(manuscript.revise_time, kLater);
}

TEST(ManuscriptTest, ATextThatIsChangedWhileItIsWithdrawnIsRevised) {
  Manuscript manuscript = Published();
  ASSERT_THAT(Unpublish(manuscript, "", kNoon), IsOk());
  ManuscriptContent content = manuscript.content;
  content.markdown = "Corrected.";
  ASSERT_THAT(Edit(manuscript, content, kAsAnna, "", kLater), IsOk());
  EXPECT_EQ(manuscript.revise_time, kLater);
}

TEST(ManuscriptTest, AnEditThatChangesNothingLeavesTheVersion) {
  Manuscript manuscript = Draft();
  ASSERT_THAT(Edit(manuscript, manuscript.content, kAsAnna, "", kLater), IsOk());
  EXPECT_EQ(manuscript.version, 1);
  EXPECT_EQ(manuscript.update_time, kNoon);
}

TEST(ManuscriptTest, WhatIsPublishedOrScheduledKeepsTextAndChannel) {
  Manuscript scheduled = Draft();
  ASSERT_THAT(Schedule(scheduled, kLater, "", kNoon), IsOk());
  for (Manuscript manuscript : {Published(), scheduled}) {
    ManuscriptContent textless = manuscript.content;
    textless.body_html = "";
    EXPECT_THAT(Edit(manuscript, textless, kAsAnna, "", kLater), HasReason("INCOMPLETE"));
    ManuscriptContent homeless = manuscript.content;
    homeless.channel_id.reset();
    EXPECT_THAT(Edit(manuscript, homeless, kAsAnna, "", kLater), HasReason("INCOMPLETE"));
    EXPECT_TRUE(manuscript.content.channel_id.has_value());
  }
  Manuscript draft = Draft();
  ManuscriptContent homeless = draft.content;
  homeless.channel_id.reset();
  EXPECT_THAT(Edit(draft, homeless, kAsAnna, "", kLater), IsOk());
}

TEST(ManuscriptTest, PublishesOnceAndKeepsItsFirstTime) {
  Manuscript manuscript = Published();
  EXPECT_EQ(manuscript.publish_time, kNoon);
  EXPECT_EQ(manuscript.version, 2);
  ASSERT_THAT(Publish(manuscript, std::nullopt, "\"1\"", kLater), IsOk());  // a repeat
  EXPECT_EQ(manuscript.version, 2);
  ASSERT_THAT(Unpublish(manuscript, "", kLater), IsOk());
  EXPECT_EQ(manuscript.state, v1::MANUSCRIPT_STATE_DRAFT);
  ASSERT_THAT(Publish(manuscript, kNoon - absl::Hours(9), "", kLater + absl::Hours(1)), IsOk());
  EXPECT_EQ(manuscript.publish_time, kNoon);
}

TEST(ManuscriptTest, ATextThatAppearedElsewhereKeepsItsDate) {
  Manuscript manuscript = Draft();
  EXPECT_THAT(Publish(manuscript, kLater, "", kNoon), HasViolation("publish_time"));
  ASSERT_THAT(Publish(manuscript, kNoon - absl::Hours(48), "", kNoon), IsOk());
  EXPECT_EQ(manuscript.publish_time, kNoon - absl::Hours(48));
}

TEST(ManuscriptTest, OnlyWhatIsCompleteIsPublishedOrScheduled) {
  Manuscript textless = Draft();
  textless.content.body_html = "";
  Manuscript homeless = Draft();
  homeless.content.channel_id.reset();
  for (Manuscript manuscript : {textless, homeless}) {
    EXPECT_THAT(Publish(manuscript, std::nullopt, "", kNoon), HasReason("INCOMPLETE"));
    EXPECT_THAT(Schedule(manuscript, kLater, "", kNoon), HasReason("INCOMPLETE"));
    EXPECT_EQ(manuscript.state, v1::MANUSCRIPT_STATE_DRAFT);
  }
}

TEST(ManuscriptTest, SchedulesWithinAYear) {
  Manuscript manuscript = Draft();
  EXPECT_THAT(Schedule(manuscript, kNoon, "", kNoon), HasViolation("publish_time"));
  EXPECT_THAT(Schedule(manuscript, kNoon + kMaxScheduleAhead + absl::Seconds(1), "", kNoon),
              HasViolation("publish_time"));
  ASSERT_THAT(Schedule(manuscript, kNoon + kMaxScheduleAhead, "", kNoon), IsOk());
  ASSERT_THAT(Schedule(manuscript, kLater, "", kNoon), IsOk());  // another time
  EXPECT_EQ(manuscript.schedule_time, kLater);
  EXPECT_EQ(manuscript.version, 3);
  ASSERT_THAT(Schedule(manuscript, kLater, "\"1\"", kNoon), IsOk());  // a repeat
  EXPECT_EQ(manuscript.version, 3);
  ASSERT_THAT(Publish(manuscript, std::nullopt, "", kNoon), IsOk());
  EXPECT_FALSE(manuscript.schedule_time.has_value());
  EXPECT_THAT(Schedule(manuscript, kLater, "", kNoon), HasReason("ALREADY_PUBLISHED"));
}

TEST(ManuscriptTest, TakingBackWhatIsScheduledOrPublishedMakesADraft) {
  Manuscript scheduled = Draft();
  ASSERT_THAT(Schedule(scheduled, kLater, "", kNoon), IsOk());
  ASSERT_THAT(Unpublish(scheduled, "", kNoon), IsOk());
  EXPECT_EQ(scheduled.state, v1::MANUSCRIPT_STATE_DRAFT);
  EXPECT_FALSE(scheduled.schedule_time.has_value());
  const int64_t version = scheduled.version;
  ASSERT_THAT(Unpublish(scheduled, "\"99\"", kNoon), IsOk());  // a repeat
  EXPECT_EQ(scheduled.version, version);
}

TEST(ManuscriptTest, OnlyWhatNobodySawIsDeleted) {
  Manuscript manuscript = Draft();
  EXPECT_THAT(CheckDelete(manuscript, ""), IsOk());
  EXPECT_THAT(CheckDelete(manuscript, "\"7\""), HasReason("ETAG_MISMATCH"));
  ASSERT_THAT(Publish(manuscript, std::nullopt, "", kNoon), IsOk());
  EXPECT_THAT(CheckDelete(manuscript, ""), HasReason("WAS_PUBLISHED"));
  ASSERT_THAT(Unpublish(manuscript, "", kNoon), IsOk());
  EXPECT_THAT(CheckDelete(manuscript, ""), HasReason("WAS_PUBLISHED"));
}

TEST(ManuscriptTest, AFormerEtagChangesNothing) {
  const std::string former = "\"7\"";
  Manuscript draft = Draft();
  ManuscriptContent content = draft.content;
  content.title = "War";
  EXPECT_THAT(Edit(draft, content, kAsAnna, former, kLater), HasReason("ETAG_MISMATCH"));
  EXPECT_THAT(Publish(draft, std::nullopt, former, kNoon), HasReason("ETAG_MISMATCH"));
  EXPECT_THAT(Schedule(draft, kLater, former, kNoon), HasReason("ETAG_MISMATCH"));
  EXPECT_EQ(draft.version, 1);
  EXPECT_EQ(draft.content.title, "Peace");
  Manuscript published = Published();
  EXPECT_THAT(Unpublish(published, former, kNoon), HasReason("ETAG_MISMATCH"));
  EXPECT_TRUE(published.published());
}

}  // namespace
}  // namespace rostrum::content
