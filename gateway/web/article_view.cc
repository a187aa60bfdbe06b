#include "gateway/web/article_view.h"

#include "absl/strings/str_cat.h"
#include "gateway/web/offer_times.h"
#include "services/common/base/utf8.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace spb = rostrum::subscription::v1;

std::string FirstLetter(const std::string& name) {
  char32_t c = 0;
  return name.substr(0, DecodeUtf8(name, &c));
}

std::string MeterLine(const Words& words, const spb::Meter& meter) {
  return words.Format("METER_LINE", {{"left", absl::StrCat(meter.remaining())},
                                     {"limit", absl::StrCat(meter.limit())}});
}

void FillMeter(const Words& words, const spb::ReadingAccess& access, const std::string& here,
               bool signed_in, ctemplate::TemplateDictionary& values) {
  if (!access.has_meter() || !access.granted()) return;
  const std::string line = MeterLine(words, access.meter());
  if (access.meter().state() == spb::METER_STATE_FREE) {
    values.AddSectionDictionary("METER_LINE")->SetValue("TEXT", line);
    return;
  }
  ctemplate::TemplateDictionary& ending = *values.AddSectionDictionary("ENDING");
  if (access.meter().returning()) ending.ShowSection("RETURNING");
  ending.SetValue("LINE", line);
  FillOffer(words, access, here, signed_in, words.Get("METER_JOIN"), ending);
}

void FillWall(const Words& words, const cpb::Post& post, const std::string& here, bool signed_in,
              ctemplate::TemplateDictionary& values) {
  const spb::ReadingAccess& access = post.access();
  ctemplate::TemplateDictionary& wall = *values.AddSectionDictionary("WALL");
  wall.SetValue("HTML", post.preview_html());
  switch (access.reason()) {
    case spb::ACCESS_REASON_PREMIUM: wall.SetValue("HEADING", words.Get("WALL_PREMIUM")); break;
    case spb::ACCESS_REASON_NETWORK_LIMIT:
      wall.SetValue("HEADING", words.Get("WALL_NETWORK"));
      wall.AddSectionDictionary("ADVICE")->SetValue("TEXT", words.Get("WALL_NETWORK_ADVICE"));
      break;
    default: wall.SetValue("HEADING", words.Get("WALL_ENDED"));
  }
  FillOffer(words, access, here, signed_in, words.Get("WALL_REST"), wall);
}

void FillByline(const Words& words, const cpb::PostSummary& post,
                ctemplate::TemplateDictionary& values) {
  values.SetValue("AUTHOR_NAME", post.author().display_name());
  values.SetValue("AUTHOR_SLUG", post.author().slug());
  FillAvatar(post.author(), values);
  SetTime(values, "PUBLISHED", post.publish_time());
  if (post.has_revise_time()) {
    SetTime(*values.AddSectionDictionary("REVISED"), "TIME", post.revise_time());
  }
  values.SetValue("VIEWS", words.Count("VIEWS", post.view_count()));
}

void FillPicture(const Words& words, const cpb::Picture& picture,
                 ctemplate::TemplateDictionary& values) {
  ctemplate::TemplateDictionary& figure = *values.AddSectionDictionary("PICTURE");
  figure.SetValue("MEDIA_ID", picture.media_id());
  figure.SetIntValue("WIDTH", picture.width());
  figure.SetIntValue("HEIGHT", picture.height());
  figure.SetValue("ALT", picture.alt_text());
  figure.SetValue("CAPTION", picture.caption());
  if (!picture.credit().empty()) {
    figure.AddSectionDictionary("CREDIT")->SetValue(
        "TEXT", words.Format("PICTURE_CREDIT", {{"credit", picture.credit()}}));
  }
}

}  // namespace

std::string ArticlePath(const cpb::PostSummary& post) {
  return ArticlePath(post.channel().slug(), post.slug());
}

std::string ArticlePath(absl::string_view channel_slug, absl::string_view slug) {
  return absl::StrCat("/c/", channel_slug, "/", slug);
}

void FillAvatar(const cpb::Author& author, ctemplate::TemplateDictionary& values) {
  ctemplate::TemplateDictionary& avatar = *values.AddIncludeDictionary("AVATAR");
  avatar.SetFilename("avatar.tpl");
  if (!author.avatar_media_id().empty()) {
    avatar.AddSectionDictionary("PICTURE")->SetValue("MEDIA_ID", author.avatar_media_id());
  } else {
    avatar.AddSectionDictionary("INITIAL")->SetValue("TEXT", FirstLetter(author.display_name()));
  }
}

void FillArticle(const Words& words, const cpb::Post& post, const std::string& here, bool signed_in,
                 ctemplate::TemplateDictionary& values) {
  const cpb::PostSummary& summary = post.summary();
  values.SetValue("TITLE", summary.title());
  values.SetValue("CHANNEL_NAME", summary.channel().display_name());
  values.SetValue("CHANNEL_SLUG", summary.channel().slug());
  if (!summary.lede().empty()) {
    values.AddSectionDictionary("LEDE")->SetValue("TEXT", summary.lede());
  }
  if (summary.access_level() != spb::ACCESS_LEVEL_METERED) {
    values.AddSectionDictionary("LEVEL")->SetValue(
        "TEXT", words.Get(summary.access_level() == spb::ACCESS_LEVEL_PREMIUM ? "ACCESS_PREMIUM"
                                                                              : "ACCESS_PUBLIC"));
  }
  FillByline(words, summary, values);
  if (summary.has_picture()) FillPicture(words, summary.picture(), values);
  if (post.access().granted()) {
    values.AddSectionDictionary("TEXT")->SetValue("HTML", post.body_html());
  } else {
    FillWall(words, post, here, signed_in, values);
  }
  FillMeter(words, post.access(), here, signed_in, values);
  if (summary.topics().empty()) return;
  ctemplate::TemplateDictionary& topics = *values.AddSectionDictionary("TOPICS");
  for (const cpb::Topic& topic : summary.topics()) {
    ctemplate::TemplateDictionary& entry = *topics.AddSectionDictionary("TOPIC");
    entry.SetValue("SLUG", topic.slug());
    entry.SetValue("NAME", topic.display_name());
  }
}

void FillOffer(const Words& words, const spb::ReadingAccess& access, const std::string& here,
               bool signed_in, const std::string& otherwise,
               ctemplate::TemplateDictionary& parent) {
  ctemplate::TemplateDictionary& values = *parent.AddIncludeDictionary("OFFER");
  values.SetFilename("offer.tpl");
  values.SetValue("RETURN_QUERY", QueryValue(here));
  values.SetValue("RETURN", here);
  values.ShowSection(signed_in ? "READER" : "VISITOR");
  if (!access.has_offer()) {
    values.AddSectionDictionary("NO_OFFER")->SetValue("TEXT", otherwise);
    return;
  }
  values.ShowSection("SKIP");
  if (access.offer().state() == spb::OFFER_STATE_OPEN) {
    ctemplate::TemplateDictionary& open = *values.AddSectionDictionary("OPEN");
    open.SetValue("HEADING", words.Format("OFFER_HEADING",
                                          {{"days", absl::StrCat(access.offer().trial_days())}}));
    SetOfferTime(open, "EXPIRE", access.offer().has_expire_time(), access.offer().expire_time());
    SetOfferTime(open, "NOW", access.has_server_time(), access.server_time());
  } else {
    SetOfferTime(*values.AddSectionDictionary("EXPIRED"), "NEXT",
                 access.offer().has_next_offer_time(), access.offer().next_offer_time());
  }
}

void FillTrialEnding(const spb::ReadingAccess& access, const std::string& here,
                     ctemplate::TemplateDictionary& layout) {
  constexpr absl::Duration kLastDays = absl::Hours(72);
  if (access.reason() != spb::ACCESS_REASON_TRIAL) return;
  const absl::Time end = FromProtoTime(access.entitlement_end_time());
  if (end - FromProtoTime(access.server_time()) > kLastDays) return;
  ctemplate::TemplateDictionary& ending = *layout.AddSectionDictionary("TRIAL_ENDING");
  ending.SetValue("RETURN_QUERY", QueryValue(here));
  SetTime(ending, "END", end);
}

void FillAuthorCard(const Words& words, const cpb::Author& author,
                    const cpb::ListPostsResponse& posts, ctemplate::TemplateDictionary& values) {
  if (posts.posts().empty()) return;
  ctemplate::TemplateDictionary& card = *values.AddSectionDictionary("AUTHOR_CARD");
  card.SetValue("HEADING", words.Format("AUTHOR_CARD", {{"author", author.display_name()}}));
  for (const cpb::PostSummary& post : posts.posts()) {
    ctemplate::TemplateDictionary& entry = *card.AddSectionDictionary("POST");
    entry.SetValue("CHANNEL_SLUG", post.channel().slug());
    entry.SetValue("SLUG", post.slug());
    entry.SetValue("TITLE", post.title());
  }
}

void FillFollowButton(const Words& words, int kind, const std::string& target_id,
                      const std::string& name, bool followed, const std::string& here,
                      ctemplate::TemplateDictionary& values) {
  ctemplate::TemplateDictionary& button = *values.AddIncludeDictionary("BUTTON");
  button.SetFilename("follow_button.tpl");
  button.SetValue("ACTION", followed ? "/unfollow" : "/follow");
  button.SetIntValue("KIND", kind);
  button.SetValue("TARGET", target_id);
  button.SetValue("RETURN", here);
  button.SetValue("LABEL", words.Get(followed ? "UNFOLLOW" : "FOLLOW"));
  button.SetValue("HINT",
                  words.Format(followed ? "FOLLOWED_HINT" : "FOLLOW_AUTHOR", {{"name", name}}));
  if (followed) button.ShowSection("FOLLOWED");
}

}  // namespace rostrum::gateway
