#include "gateway/web/pages/follows.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"
#include "gateway/web/form_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace fpb = rostrum::feed::v1;

fpb::FollowKind KindOf(const std::string& text) {
  int kind = 0;
  return absl::SimpleAtoi(text, &kind) && fpb::FollowKind_IsValid(kind)
             ? static_cast<fpb::FollowKind>(kind)
             : fpb::FOLLOW_KIND_UNSPECIFIED;
}

PageAnswer Follow(Page& page) {
  fpb::CreateFollowRequest request;
  request.set_kind(KindOf(page.form.Get("kind")));
  request.set_target_id(page.form.Get("target"));
  const auto follow = co_await page.calls.Call(rpcs::kCreateFollow, request);
  if (ReasonOf(follow.status()) == "LOGIN_REQUIRED") {
    co_return page.AskToLogIn(absl::StrCat("/follow?kind=", static_cast<int>(request.kind()),
                                           "&target=", QueryValue(request.target_id()),
                                           "&return=", QueryValue(page.ReturnPath("/feed"))));
  }
  if (!follow.ok()) co_return page.Fail(follow.status());
  co_return page.Redirect(page.ReturnPath("/feed"));
}

asio::awaitable<absl::StatusOr<std::string>> NameOf(Page& page, fpb::FollowKind kind,
                                                    std::string target_id) {
  if (kind == fpb::FOLLOW_KIND_CHANNEL) {
    cpb::GetChannelRequest request;
    request.set_channel(target_id);
    const auto channel = co_await page.calls.Call(rpcs::kGetChannel, request);
    if (!channel.ok()) co_return channel.status();
    co_return channel->display_name();
  }
  if (kind == fpb::FOLLOW_KIND_AUTHOR) {
    cpb::GetAuthorRequest request;
    request.set_author(target_id);
    const auto author = co_await page.calls.Call(rpcs::kGetAuthor, request);
    if (!author.ok()) co_return author.status();
    co_return author->display_name();
  }
  cpb::GetTopicRequest request;
  request.set_topic(target_id);
  const auto topic = co_await page.calls.Call(rpcs::kGetTopic, request);
  if (!topic.ok()) co_return topic.status();
  co_return topic->display_name();
}

// Where a login leads that began with the button to follow: the same button again, because a
// link must change nothing.
PageAnswer FollowPage(Page& page) {
  if (!page.SignedIn()) co_return page.AskToLogIn(page.here());
  const std::string& kind = page.query.Get("kind");
  const std::string& target_id = page.query.Get("target");
  const auto name = co_await NameOf(page, KindOf(kind), target_id);
  if (!name.ok()) co_return page.Fail(name.status());
  const std::string back = page.ReturnPath("/feed");
  FormView form("/follow", "FOLLOW", "FOLLOW");
  form.Intro(page.site.words.Format("FOLLOW_NOW", {{"name", *name}}));
  form.Hidden("kind", kind).Hidden("target", target_id).Hidden("return", back);
  form.Link(back, "FORM_CANCEL");
  co_return form.Show(page);
}

PageAnswer Unfollow(Page& page) {
  fpb::DeleteFollowRequest request;
  request.set_kind(KindOf(page.form.Get("kind")));
  request.set_target_id(page.form.Get("target"));
  const auto done = co_await page.calls.Call(rpcs::kDeleteFollow, request);
  if (!done.ok()) co_return page.Fail(done.status());
  co_return page.Redirect(page.ReturnPath("/feed"));
}

}  // namespace

asio::awaitable<void> AddFollowButton(Page& page, fpb::FollowKind kind, std::string target_id,
                                      std::string name, std::string here,
                                      ctemplate::TemplateDictionary& values) {
  bool followed = false;
  if (page.SignedIn()) {
    fpb::GetFollowRequest request;
    request.set_kind(kind);
    request.set_target_id(target_id);
    const auto follow = co_await page.calls.Call(rpcs::kGetFollow, request);
    if (!follow.ok() && !absl::IsNotFound(follow.status())) co_return;
    followed = follow.ok();
  }
  FillFollowButton(page.site.words, kind, target_id, name, followed, here,
                   *values.AddSectionDictionary("FOLLOW"));
}

void AddFollowPages(PageRoutes& routes) {
  routes.push_back({"GET", "/follow", FollowPage});
  routes.push_back({"POST", "/follow", Follow});
  routes.push_back({"POST", "/unfollow", Unfollow});
}

}  // namespace rostrum::gateway
