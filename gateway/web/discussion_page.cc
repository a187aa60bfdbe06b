#include "gateway/web/discussion_page.h"

#include <algorithm>
#include <utility>

#include "gateway/web/rpcs.h"

namespace rostrum::gateway {
namespace {

namespace pb = rostrum::comment::v1;
using Comments = absl::StatusOr<pb::ListCommentsResponse>;

// The comment with as many before it as after it, newest first.
asio::awaitable<Comments> LoadAround(Page& page, pb::ListCommentsRequest request,
                                     const std::string& comment_id) {
  request.set_from_comment_id(comment_id);
  request.set_page_size(request.page_size() / 2);
  Comments earlier = co_await page.calls.Call(rpcs::kListComments, request);
  if (!earlier.ok()) co_return earlier;
  request.set_order(pb::COMMENT_ORDER_OLDEST);
  Comments later = co_await page.calls.Call(rpcs::kListComments, request);
  if (!later.ok()) co_return later;
  // Both begin with the comment.
  pb::ListCommentsResponse around = *std::move(later);
  auto& comments = *around.mutable_comments();
  std::reverse(comments.begin(), comments.end());
  if (!comments.empty()) comments.RemoveLast();
  comments.MergeFrom(earlier->comments());
  around.set_next_page_token(earlier->next_page_token());
  co_return around;
}

}  // namespace

bool AsksForAnother(const Page& page, const pb::ListCommentsResponse& comments) {
  const std::string& wanted = page.query.Get("comment");
  const auto& all = comments.comments();
  return !wanted.empty() && std::none_of(all.begin(), all.end(), [&](const pb::Comment& comment) {
    return comment.comment_id() == wanted;
  });
}

asio::awaitable<absl::StatusOr<DiscussionPage>> LeadToComment(Page& page,
                                                              pb::ListCommentsRequest request,
                                                              pb::ListCommentsResponse latest) {
  DiscussionPage shown{std::move(latest)};
  if (!AsksForAnother(page, shown.comments)) co_return shown;
  Comments around = co_await LoadAround(page, std::move(request), page.query.Get("comment"));
  // No such comment, or a bad id.
  if (absl::IsNotFound(around.status()) || absl::IsInvalidArgument(around.status())) {
    co_return shown;
  }
  if (!around.ok()) co_return around.status();
  co_return DiscussionPage{*std::move(around), /*latest=*/false};
}

asio::awaitable<absl::StatusOr<DiscussionPage>> LoadDiscussion(Page& page,
                                                               pb::ListCommentsRequest latest,
                                                               std::string page_token) {
  pb::ListCommentsRequest request = latest;
  request.set_page_token(page_token);
  Comments comments = co_await page.calls.Call(rpcs::kListComments, request);
  if (!comments.ok()) co_return comments.status();
  DiscussionPage loaded{*std::move(comments), /*latest=*/page_token.empty()};
  if (!loaded.latest) co_return loaded;
  co_return co_await LeadToComment(page, std::move(latest), std::move(loaded.comments));
}

}  // namespace rostrum::gateway
