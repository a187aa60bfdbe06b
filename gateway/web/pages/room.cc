#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"
#include "gateway/web/discussion_page.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/pages/written_comment.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace fpb = rostrum::feed::v1;
namespace mpb = rostrum::comment::v1;

constexpr int kMessagesPerPage = 50;
constexpr int kMembersShown = 50;

std::string RoomPath(const std::string& slug) { return absl::StrCat("/rooms/", slug); }

// The channel of the path, by id or slug.
asio::awaitable<absl::StatusOr<cpb::Channel>> ChannelOf(Page& page) {
  cpb::GetChannelRequest request;
  request.set_channel(page.path.at("channel"));
  co_return co_await page.calls.Call(rpcs::kGetChannel, request);
}

asio::awaitable<absl::Status> FillMessages(Page& page, const cpb::Channel& channel,
                                           const RefusedComment* refused,
                                           ctemplate::TemplateDictionary& values) {
  mpb::ListCommentsRequest request;
  request.set_channel_id(channel.channel_id());
  request.set_flat(true);
  request.set_order(mpb::COMMENT_ORDER_NEWEST);
  request.set_page_size(kMessagesPerPage);
  DiscussionState state{.path = RoomPath(channel.slug()),
                        .account_id = page.caller.identity->account_id,
                        .now = page.site.clock.Now()};
  const auto messages = co_await LoadDiscussion(page, request, page.query.Get("before"));
  if (refused != nullptr) ShowRefused(page, *refused, state, values);
  if (!messages.ok()) {
    if (refused != nullptr) FillCompose(state, values);
    co_return messages.status();
  }
  if (messages->latest) {
    state.live_url = absl::StrCat("/live/rooms/", channel.channel_id());
    state.fragment = absl::StrCat(state.path, "/messages");
  } else {
    values.AddSectionDictionary("LATEST")->SetValue("URL", state.path);
  }
  FillConversation(page.site.words, messages->comments, state, values);
  co_return absl::OkStatus();
}

// Returns why the conversation cannot be shown.
asio::awaitable<absl::Status> FillInside(Page& page, const cpb::Channel& channel,
                                         const fpb::Room& room, const RefusedComment* refused,
                                         ctemplate::TemplateDictionary& values) {
  if (room.listed()) values.ShowSection("LISTED");
  ctemplate::TemplateDictionary& conversation = *values.AddIncludeDictionary("CONVERSATION");
  conversation.SetFilename("conversation.tpl");
  const absl::Status shown = co_await FillMessages(page, channel, refused, conversation);
  if (!shown.ok()) conversation.ShowSection("AWAY");
  fpb::ListRoomMembersRequest request;
  request.set_channel_id(channel.channel_id());
  request.set_page_size(kMembersShown);
  const auto members = co_await page.calls.Call(rpcs::kListRoomMembers, request);
  if (!members.ok()) co_return shown;
  if (members->members().empty()) values.ShowSection("NOBODY");
  if (!members->next_page_token().empty()) values.ShowSection("MORE");
  for (const fpb::RoomMember& member : members->members()) {
    values.AddSectionDictionary("MEMBER")->SetValue("NAME", member.display_name());
  }
  co_return shown;
}

// The answer when the room cannot be shown; what was typed there is shown again.
http::HttpResponse FailRoom(Page& page, const absl::Status& status, const RefusedComment* refused) {
  if (refused == nullptr) return page.Fail(status);
  return ShowTyped(page, *refused, "conversation.tpl",
                   {.path = RoomPath(page.path.at("channel")), .now = page.site.clock.Now()});
}

PageAnswer ShowRoom(Page& page, const RefusedComment* refused) {
  const auto channel = co_await ChannelOf(page);
  if (!channel.ok()) co_return FailRoom(page, channel.status(), refused);
  const std::string path = RoomPath(channel->slug());
  if (refused == nullptr && page.request.path != path)
    co_return page.Redirect(page.WithQuery(path));
  fpb::GetRoomRequest request;
  request.set_channel_id(channel->channel_id());
  const auto room = co_await page.calls.Call(rpcs::kGetRoom, request);
  if (!room.ok()) co_return FailRoom(page, room.status(), refused);

  const Words& words = page.site.words;
  const std::string heading = words.Format("ROOM_HEADING", {{"channel", channel->display_name()}});
  ctemplate::TemplateDictionary& values = page.UseTemplate("room.tpl");
  values.SetValue("HEADING", heading);
  values.SetValue("CHANNEL_NAME", channel->display_name());
  values.SetValue("CHANNEL_SLUG", channel->slug());
  values.SetValue("COUNT", room->member_count() == 0
                               ? words.Get("ROOM_MEMBERS_NONE")
                               : words.Count("ROOM_MEMBERS", room->member_count()));
  values.SetValue("PATH", path);
  const bool inside = room->may_enter() && room->joined();
  if (!inside) values.ShowSection("INTRO");
  if (!inside && refused != nullptr) {
    // The reader was in the room while the message was typed.
    ctemplate::TemplateDictionary& typed =
        *values.AddSectionDictionary("TYPED")->AddIncludeDictionary("CONVERSATION");
    typed.SetFilename("conversation.tpl");
    FillTyped(page, *refused, {.path = path, .now = page.site.clock.Now()}, typed);
  }
  if (!room->may_enter()) {
    ctemplate::TemplateDictionary& outside = *values.AddSectionDictionary("OUTSIDE");
    outside.SetValue("TEXT",
                     words.Get(room->joined() ? "ROOM_MEMBERSHIP_OVER" : "ROOM_FOR_MEMBERS"));
    const auto offer =
        co_await page.calls.Call(rpcs::kShowOffer, subscription::v1::ShowOfferRequest());
    // While Redis is unavailable there is no offer; the other ways to enter are shown.
    FillOffer(words, offer.ok() ? *offer : subscription::v1::ReadingAccess(), path, page.SignedIn(),
              words.Get("ROOM_WAYS"), outside);
  } else if (!room->joined()) {
    values.ShowSection("DOOR");
  } else {
    const absl::Status shown =
        co_await FillInside(page, *channel, *room, refused, *values.AddSectionDictionary("INSIDE"));
    if (IsPageTokenError(shown)) co_return page.Redirect(path);
  }
  co_return refused == nullptr ? page.Show(heading) : page.ShowAgain(heading, refused->status);
}

PageAnswer RoomPage(Page& page) { co_return co_await ShowRoom(page, nullptr); }

// Only the conversation, which a script puts into the page when it has changed.
PageAnswer MessagesPart(Page& page) {
  const auto channel = co_await ChannelOf(page);
  if (!channel.ok()) co_return page.Fail(channel.status());
  if (!page.SignedIn()) {
    co_return page.Fail(
        Error(absl::StatusCode::kPermissionDenied, "ROOM_NOT_JOINED", "nobody is signed in"));
  }
  ctemplate::TemplateDictionary& values = page.UseTemplate("conversation.tpl");
  const absl::Status status = co_await FillMessages(page, *channel, nullptr, values);
  if (!status.ok()) co_return page.Fail(status);
  co_return page.ShowPart("conversation.tpl");
}

PageAnswer JoinRoom(Page& page) {
  const auto channel = co_await ChannelOf(page);
  if (!channel.ok()) co_return page.Fail(channel.status());
  fpb::JoinRoomRequest request;
  request.set_channel_id(channel->channel_id());
  request.set_listed(page.form.Has("listed"));
  const auto room = co_await page.calls.Call(rpcs::kJoinRoom, request);
  const std::string reason = ReasonOf(room.status());
  // The room's page says that a membership is needed, and how to get one.
  if (!room.ok() && reason != "MEMBERS_ONLY") co_return page.Fail(room.status());
  co_return page.Redirect(RoomPath(channel->slug()));
}

PageAnswer LeaveRoom(Page& page) {
  const auto channel = co_await ChannelOf(page);
  if (!channel.ok()) co_return page.Fail(channel.status());
  fpb::LeaveRoomRequest request;
  request.set_channel_id(channel->channel_id());
  const auto room = co_await page.calls.Call(rpcs::kLeaveRoom, request);
  if (!room.ok()) co_return page.Fail(room.status());
  co_return page.Redirect(RoomPath(channel->slug()));
}

PageAnswer Say(Page& page) {
  mpb::CreateCommentRequest request = TypedComment(page);
  const auto channel = co_await ChannelOf(page);
  if (!channel.ok()) {
    const RefusedComment refused{channel.status(), request};
    co_return FailRoom(page, channel.status(), &refused);
  }
  request.set_channel_id(channel->channel_id());
  const auto comment = co_await page.calls.Call(rpcs::kCreateComment, request);
  const std::string path = RoomPath(channel->slug());
  if (comment.ok()) co_return AnswerWritten(page, path, *comment);
  const RefusedComment refused{comment.status(), request};
  if (IsSignedOut(comment.status())) {
    co_return AnswerSignedOut(page, refused, "conversation.tpl",
                              {.path = path, .now = page.site.clock.Now()});
  }
  co_return co_await ShowRoom(page, &refused);
}

}  // namespace

void AddRoomPages(PageRoutes& routes) {
  routes.push_back({"GET", "/rooms/{channel}", RoomPage});
  routes.push_back({"GET", "/rooms/{channel}/messages", MessagesPart});
  routes.push_back({"POST", "/rooms/{channel}/join", JoinRoom});
  routes.push_back({"POST", "/rooms/{channel}/leave", LeaveRoom});
  routes.push_back({"POST", "/rooms/{channel}/comments", Say});
}

}  // namespace rostrum::gateway
