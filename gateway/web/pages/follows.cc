#include "gateway/web/pages/follows.h"

#include "absl/strings/numbers.h"
#include "gateway/web/article_view.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"

namespace rostrum::gateway {
namespace {

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
  if (!follow.ok()) co_return page.Fail(follow.status());
  co_return page.Redirect(page.ReturnPath("/feed"));
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
  routes.push_back({"POST", "/follow", Follow});
  routes.push_back({"POST", "/unfollow", Unfollow});
}

}  // namespace rostrum::gateway
