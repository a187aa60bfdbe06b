#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/web/article_requests.h"
#include "gateway/web/article_view.h"
#include "gateway/web/discussion_page.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/head_view.h"
#include "gateway/web/offer_times.h"
#include "gateway/web/pages/follows.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/pages/written_comment.h"
#include "gateway/web/rpcs.h"
#include "gateway/web/visitor_article.h"
#include "services/common/base/status.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace mpb = rostrum::comment::v1;

cpb::GetPostRequest ById(const std::string& post_id) {
  cpb::GetPostRequest request;
  request.set_post_id(post_id);
  return request;
}

cpb::GetPostRequest RequestFor(const Page& page) {
  if (page.path.contains("post_id")) return ById(page.path.at("post_id"));
  cpb::GetPostRequest request;
  request.set_channel(page.path.at("channel"));
  request.set_slug(page.path.at("post"));
  return request;
}

// The discussion as it stood at `time`.
DiscussionState DiscussionOf(const Page& page, const std::string& path, const std::string& post_id,
                             absl::Time time) {
  return {.path = path,
          .post_id = post_id,
          .account_id = page.SignedIn() ? page.caller.identity->account_id : "",
          .now = time};
}

// With the latest comments it is kept up to date.
void MakeLive(DiscussionState& state) {
  state.live_url = absl::StrCat("/live/posts/", state.post_id);
  state.fragment = absl::StrCat(state.path, "/discussion?post=", state.post_id);
}

// Only the discussion, which a script puts into the page when it has changed.
PageAnswer DiscussionPart(Page& page) {
  const std::string path = ArticlePath(page.path.at("channel"), page.path.at("post"));
  const std::string& post_id = page.query.Get("post");
  DiscussionState state = DiscussionOf(page, path, post_id, page.site.clock.Now());
  MakeLive(state);
  const auto comments = co_await page.calls.Call(rpcs::kListComments, CommentsRequest(post_id));
  if (!comments.ok()) co_return page.Fail(comments.status());
  FillDiscussion(page.site.words, *comments, state, page.UseTemplate("discussion.tpl"));
  co_return page.ShowPart("discussion.tpl");
}

// All of the article but the author's card and the discussion.
asio::awaitable<void> FillPost(Page& page, const cpb::Post& post, std::string path) {
  const cpb::PostSummary& summary = post.summary();
  ctemplate::TemplateDictionary& values = page.UseTemplate("article.tpl");
  FillArticle(page.site.words, post, path, page.SignedIn(), values);
  FillTrialEnding(post.access(), path, page.Layout());
  if (!summary.lede().empty()) page.Describe(summary.lede());
  const SiteNames site{page.site.public_url, page.site.name};
  FillArticleHead(site, post, page.Layout());
  co_await AddFollowButton(page, feed::v1::FOLLOW_KIND_AUTHOR, summary.author().author_id(),
                           summary.author().display_name(), path, values);
}

// What is shown beside a post. A part that could not be loaded is null.
struct Around {
  const cpb::ListPostsResponse* card = nullptr;
  const mpb::ListCommentsResponse* comments = nullptr;  // of a post that is open to the reader
  DiscussionState discussion;
  const RefusedComment* refused = nullptr;  // a comment that was sent just now; null for none
};

// The comments stay with `loaded`.
void Take(const absl::StatusOr<DiscussionPage>& loaded, Around& around) {
  if (!loaded.ok()) return;
  around.comments = &loaded->comments;
  if (loaded->latest) MakeLive(around.discussion);
}

asio::awaitable<void> FillWholeArticle(Page& page, const cpb::Post& post, Around around) {
  co_await FillPost(page, post, around.discussion.path);
  if (around.card != nullptr) {
    FillAuthorCard(page.site.words, post.summary().author(), *around.card, *page.body);
  }
  // A refused comment was typed while the post was open to its reader.
  if (!post.access().granted() && around.refused == nullptr) co_return;
  ctemplate::TemplateDictionary& values = *page.body->AddIncludeDictionary("DISCUSSION");
  values.SetFilename("discussion.tpl");
  if (around.refused != nullptr) ShowRefused(page, *around.refused, around.discussion, values);
  if (post.access().granted() && around.comments != nullptr) {
    FillDiscussion(page.site.words, *around.comments, around.discussion, values);
    co_return;
  }
  if (around.refused != nullptr) FillCompose(around.discussion, values);
  if (post.access().granted()) values.ShowSection("AWAY");
}

// The present path of the post. Asks for the summary, which does not count as a view.
asio::awaitable<absl::StatusOr<std::string>> PlaceOf(Page& page) {
  cpb::GetPostRequest request = RequestFor(page);
  request.set_view(cpb::POST_VIEW_BASIC);
  const auto post = co_await page.calls.Call(rpcs::kGetPost, request);
  if (!post.ok()) co_return post.status();
  co_return ArticlePath(post->summary());
}

// From an id, or from an address that the post no longer has, to the one that it has.
http::HttpResponse LeadTo(Page& page, const std::string& place) {
  return page.path.contains("post_id") ? page.Redirect(page.WithQuery(place)) : page.Moved(place);
}

// Whether there is a post, and where. Nobody reads it, so it costs no free read and is no view.
PageAnswer ShowHead(Page& page) {
  const auto place = co_await PlaceOf(page);
  if (!place.ok()) co_return page.Fail(place.status());
  if (page.request.path != *place) co_return LeadTo(page, *place);
  co_return page.ShowHead();
}

PageAnswer ShowPost(Page& page, const RefusedComment* refused) {
  const auto known = page.site.articles.FindPost(page.request.path);
  if (known == nullptr && refused == nullptr) {
    // An old link leads to where the post is now.
    const auto place = co_await PlaceOf(page);
    if (!place.ok()) co_return page.Fail(place.status());
    if (page.request.path != *place) co_return LeadTo(page, *place);
  }
  // Content looks a path up in the database, and answers by id from memory, where it may still
  // have a former path for a moment: that leads nobody.
  const cpb::GetPostRequest request = known != nullptr ? ById(known->post_id) : RequestFor(page);
  const auto post = co_await page.calls.Call(rpcs::kGetPost, request);
  if (known != nullptr && (absl::IsNotFound(post.status()) ||
                           (post.ok() && ArticlePath(post->summary()) != page.request.path))) {
    // There may be another post now.
    page.site.articles.Forget(page.request.path);
    co_return co_await ShowPost(page, refused);
  }
  if (!post.ok() && refused != nullptr) {
    const std::string path = ArticlePath(page.path.at("channel"), page.path.at("post"));
    co_return ShowTyped(page, *refused, "discussion.tpl",
                        DiscussionOf(page, path, page.query.Get("post"), page.site.clock.Now()));
  }
  if (!post.ok()) co_return page.Fail(post.status());
  const cpb::PostSummary& summary = post->summary();
  const std::string path = ArticlePath(summary);
  if (refused == nullptr && page.request.path != path) co_return LeadTo(page, path);
  page.site.articles.Learn(path, summary.post_id());

  Around around{.discussion = DiscussionOf(page, path, summary.post_id(), page.site.clock.Now()),
                .refused = refused};
  const KeptPtr<ArticleCache::Card> card = co_await LoadCard(page, summary);
  if (card != nullptr) around.card = &card->message;
  absl::StatusOr<DiscussionPage> shown = DiscussionPage();
  if (post->access().granted()) {
    shown = co_await LoadDiscussion(page, CommentsRequest(summary.post_id()),
                                    page.query.Get("comments"));
  }
  if (IsPageTokenError(shown.status())) co_return page.Redirect(path + "#discussion");
  Take(shown, around);
  co_await FillWholeArticle(page, *post, std::move(around));
  co_return refused == nullptr ? page.Show(summary.title())
                               : page.ShowAgain(summary.title(), refused->status);
}

// Whether the path is the canonical form of an article's address.
bool IsPlace(const Page& page) {
  const auto channel = page.path.find("channel");
  return channel != page.path.end() &&
         page.request.path == ArticlePath(channel->second, page.path.at("post"));
}

// The article for visitors without an account, made of cached parts. Only the decision who may
// read is asked for each time.
PageAnswer ShowToVisitor(Page& page) {
  ArticleCache& articles = page.site.articles;
  const std::string& path = page.request.path;
  const auto known = articles.FindPost(path);
  // Another way to write the path is redirected first.
  if (known == nullptr && !IsPlace(page)) co_return co_await ShowPost(page, nullptr);
  VisitorParts parts;
  const absl::Status read = co_await LoadForVisitor(page, known.get(), parts);
  if (absl::IsNotFound(read)) {
    articles.Forget(path);
    co_return co_await ShowPost(page, nullptr);
  }
  if (!read.ok()) co_return page.Fail(read);

  const bool discussed = parts.comments != nullptr;
  const bool older = discussed && AsksForAnother(page, parts.comments->message);
  const std::string key = older ? "" : PageKey(page, parts);
  if (const auto kept = articles.FindPage(key)) {
    co_return kept->Answer(page.request, parts.offer_times);
  }
  cpb::Post post = parts.post->message;
  *post.mutable_access() = parts.access;
  const absl::Time as_of = discussed ? parts.comments->load_time : page.site.clock.Now();
  Around around{.discussion = DiscussionOf(page, path, post.summary().post_id(), as_of)};
  if (parts.card != nullptr) around.card = &parts.card->message;
  absl::StatusOr<DiscussionPage> loaded;
  if (older) {
    loaded = co_await LeadToComment(page, CommentsRequest(around.discussion.post_id),
                                    parts.comments->message);
    Take(loaded, around);
  } else if (discussed) {
    around.comments = &parts.comments->message;
    MakeLive(around.discussion);
  }
  co_await FillWholeArticle(page, post, std::move(around));
  // With a query it has other ways back than the page for all.
  const std::string& title = post.summary().title();
  const StoredResponsePtr made =
      parts.access.has_offer() ? page.RenderWith(OfferPlaceholders(), title) : page.Render(title);
  if (!key.empty() && page.request.query.empty()) articles.KeepPage(key, made);
  co_return made->Answer(page.request, parts.offer_times);
}

PageAnswer ShowArticle(Page& page) {
  if (page.request.method == "HEAD") co_return co_await ShowHead(page);
  // It may never be read, so it must cost no free read. Browsers ask again when it is.
  if (page.IsLoadedAhead()) {
    co_return page.Fail(Error(absl::StatusCode::kPermissionDenied, "LOADED_AHEAD",
                              "posts are sent only to those who open them"));
  }
  const bool earlier = !page.query.Get("comments").empty();  // another page of the discussion
  if (!page.SignedIn() && !earlier) co_return co_await ShowToVisitor(page);
  co_return co_await ShowPost(page, nullptr);
}

PageAnswer PostComment(Page& page) {
  const std::string path = ArticlePath(page.path.at("channel"), page.path.at("post"));
  mpb::CreateCommentRequest request = TypedComment(page);
  request.set_post_id(page.query.Get("post"));
  const auto comment = co_await page.calls.Call(rpcs::kCreateComment, request);
  if (comment.ok()) co_return AnswerWritten(page, path, *comment);
  const RefusedComment refused{comment.status(), request};
  if (IsSignedOut(comment.status())) {
    co_return AnswerSignedOut(page, refused, "discussion.tpl",
                              DiscussionOf(page, path, request.post_id(), page.site.clock.Now()));
  }
  co_return co_await ShowPost(page, &refused);
}

}  // namespace

void AddArticlePages(PageRoutes& routes) {
  routes.push_back({"GET", "/c/{channel}/{post}", ShowArticle});
  routes.push_back({"GET", "/p/{post_id}", ShowArticle});
  routes.push_back({"GET", "/c/{channel}/{post}/discussion", DiscussionPart});
  routes.push_back({"POST", "/c/{channel}/{post}/comments", PostComment});
}

}  // namespace rostrum::gateway
