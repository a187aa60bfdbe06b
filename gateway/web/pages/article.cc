#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/web/article_view.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/pages/follows.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace mpb = rostrum::comment::v1;

constexpr int kCommentsPerPage = 100;
constexpr int kAuthorCardPosts = 3;

// A comment that was refused, to show again.
struct RefusedComment {
  absl::Status status;
  std::string body;
  std::string parent;
};

cpb::GetPostRequest RequestFor(const Page& page) {
  cpb::GetPostRequest request;
  if (page.path.contains("post_id")) {
    request.set_post_id(page.path.at("post_id"));
  } else {
    request.set_channel(page.path.at("channel"));
    request.set_slug(page.path.at("post"));
  }
  return request;
}

// Fills the discussion of the post that stands at `path`.
asio::awaitable<absl::Status> FillDiscussionAt(Page& page, std::string path, std::string post_id,
                                               const RefusedComment* refused,
                                               ctemplate::TemplateDictionary& values) {
  mpb::ListCommentsRequest request;
  request.set_post_id(post_id);
  request.set_flat(true);
  request.set_page_size(kCommentsPerPage);
  request.set_page_token(page.query.Get("comments"));
  DiscussionState state{.path = path,
                        .account_id = page.SignedIn() ? page.caller.identity->account_id : "",
                        .now = page.site.clock.Now()};
  const auto comments = co_await page.calls.Call(rpcs::kListComments, request);
  if (!comments.ok()) co_return comments.status();
  if (request.page_token().empty()) {
    state.live_url = absl::StrCat("/live/posts/", post_id);
    state.fragment = absl::StrCat(path, "/discussion?post=", post_id);
  }
  if (refused != nullptr) {
    state.typed = refused->body;
    state.typed_parent = refused->parent;
    page.ShowFormErrors(refused->status, {{"comment.body", "BODY"}}, values);
  }
  FillDiscussion(page.site.words, *comments, state, values);
  co_return absl::OkStatus();
}

// The discussion alone, as a script puts it into the page when it has changed.
PageAnswer DiscussionPart(Page& page) {
  const std::string path = absl::StrCat("/c/", QueryValue(page.path.at("channel")), "/",
                                        QueryValue(page.path.at("post")));
  ctemplate::TemplateDictionary& values = page.UseTemplate("discussion.tpl");
  const absl::Status status =
      co_await FillDiscussionAt(page, path, page.query.Get("post"), nullptr, values);
  if (!status.ok()) co_return page.Fail(status);
  co_return page.ShowPart("discussion.tpl");
}

PageAnswer ShowPost(Page& page, const RefusedComment* refused) {
  const auto post = co_await page.calls.Call(rpcs::kGetPost, RequestFor(page));
  if (!post.ok()) co_return page.Fail(post.status());
  const cpb::PostSummary& summary = post->summary();
  const std::string path = ArticlePath(summary);
  // An old link leads to where the post is now.
  if (refused == nullptr && page.request.path != path) co_return page.Redirect(path);

  ctemplate::TemplateDictionary& values = page.UseTemplate("article.tpl");
  FillArticle(page.site.words, *post, path, page.SignedIn(), values);
  FillTrialEnding(post->access(), path, page.layout);
  if (!summary.lede().empty()) page.Describe(summary.lede());
  FillHead(page.site.public_url, page.site.name, *post, page.layout);
  co_await AddFollowButton(page, feed::v1::FOLLOW_KIND_AUTHOR, summary.author().author_id(),
                           summary.author().display_name(), path, values);
  cpb::ListPostsRequest premium;
  premium.set_author(summary.author().author_id());
  premium.set_access_level(subscription::v1::ACCESS_LEVEL_PREMIUM);
  premium.set_page_size(kAuthorCardPosts);
  const auto posts = co_await page.calls.Call(rpcs::kListPosts, premium);
  if (posts.ok()) FillAuthorCard(page.site.words, summary.author(), *posts, values);
  if (post->access().granted()) {
    ctemplate::TemplateDictionary& discussion = *values.AddIncludeDictionary("DISCUSSION");
    discussion.SetFilename("discussion.tpl");
    const absl::Status shown =
        co_await FillDiscussionAt(page, path, summary.post_id(), refused, discussion);
    if (!shown.ok()) discussion.ShowSection("AWAY");  // the article stands without it
  }
  co_return page.Show(summary.title(), refused == nullptr ? 200 : 400);
}

PageAnswer ShowArticle(Page& page) { co_return co_await ShowPost(page, nullptr); }

PageAnswer PostComment(Page& page) {
  const auto post = co_await page.calls.Call(rpcs::kGetPost, RequestFor(page));
  if (!post.ok()) co_return page.Fail(post.status());
  mpb::CreateCommentRequest request;
  request.set_post_id(post->summary().post_id());
  request.mutable_comment()->set_body(page.form.Get("body"));
  request.mutable_comment()->set_parent_id(page.form.Get("parent"));
  request.set_request_id(page.form.Get("request"));
  const auto comment = co_await page.calls.Call(rpcs::kCreateComment, request);
  if (comment.ok()) {
    co_return page.Redirect(
        absl::StrCat(ArticlePath(post->summary()), "#comment-", comment->comment_id()));
  }
  if (ReasonOf(comment.status()) == "LOGIN_REQUIRED") {
    co_return page.Redirect(absl::StrCat("/login?needed=1&return=",
                                         QueryValue(ArticlePath(post->summary()) + "#discussion")));
  }
  const RefusedComment refused{comment.status(), page.form.Get("body"), page.form.Get("parent")};
  co_return co_await ShowPost(page, &refused);
}

http::HttpResponse ShowEdit(Page& page, const mpb::Comment& comment, const std::string& body,
                            const absl::Status& status) {
  ctemplate::TemplateDictionary& values = page.UseTemplate("comment_edit.tpl");
  values.SetValue("COMMENT_ID", comment.comment_id());
  values.SetValue("RETURN", page.ReturnPath("/"));
  values.SetValue("ETAG", comment.etag());
  values.SetValue("BODY", body);
  if (!status.ok()) page.ShowFormErrors(status, {{"comment.body", "BODY"}}, values);
  return page.Show(page.site.words.Get("COMMENT_EDIT_TITLE"), status.ok() ? 200 : 400);
}

PageAnswer EditComment(Page& page) {
  mpb::GetCommentRequest request;
  request.set_comment_id(page.path.at("comment_id"));
  const auto comment = co_await page.calls.Call(rpcs::kGetComment, request);
  if (!comment.ok()) co_return page.Fail(comment.status());
  co_return ShowEdit(page, *comment, comment->body(), absl::OkStatus());
}

PageAnswer SaveComment(Page& page) {
  mpb::UpdateCommentRequest request;
  request.mutable_comment()->set_comment_id(page.path.at("comment_id"));
  request.mutable_comment()->set_body(page.form.Get("body"));
  request.mutable_comment()->set_etag(page.form.Get("etag"));
  request.mutable_update_mask()->add_paths("body");
  const auto comment = co_await page.calls.Call(rpcs::kUpdateComment, request);
  if (comment.ok()) co_return page.Redirect(page.ReturnPath("/"));
  if (!absl::IsInvalidArgument(comment.status()) && !absl::IsFailedPrecondition(comment.status())) {
    co_return page.Fail(comment.status());
  }
  co_return ShowEdit(page, request.comment(), page.form.Get("body"), comment.status());
}

PageAnswer DeleteComment(Page& page) {
  mpb::DeleteCommentRequest request;
  request.set_comment_id(page.path.at("comment_id"));
  const auto comment = co_await page.calls.Call(rpcs::kDeleteComment, request);
  if (!comment.ok()) co_return page.Fail(comment.status());
  co_return page.Redirect(page.ReturnPath("/"));
}

}  // namespace

void AddArticlePages(PageRoutes& routes) {
  routes.push_back({"GET", "/c/{channel}/{post}", ShowArticle});
  routes.push_back({"GET", "/p/{post_id}", ShowArticle});
  routes.push_back({"GET", "/c/{channel}/{post}/discussion", DiscussionPart});
  routes.push_back({"POST", "/c/{channel}/{post}/comments", PostComment});
  routes.push_back({"GET", "/comments/{comment_id}/edit", EditComment});
  routes.push_back({"POST", "/comments/{comment_id}/edit", SaveComment});
  routes.push_back({"POST", "/comments/{comment_id}/delete", DeleteComment});
}

}  // namespace rostrum::gateway
