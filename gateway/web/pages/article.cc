#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/transcoding/http_status.h"
#include "gateway/web/article_view.h"
#include "gateway/web/discussion_view.h"
#include "gateway/web/head_view.h"
#include "gateway/web/pages/follows.h"
#include "gateway/web/pages/pages.h"
#include "gateway/web/pages/written_comment.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace mpb = rostrum::comment::v1;
namespace spb = rostrum::subscription::v1;

constexpr int kCommentsPerPage = 100;
constexpr int kAuthorCardPosts = 3;

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

mpb::ListCommentsRequest CommentsRequest(const Page& page, const std::string& post_id) {
  mpb::ListCommentsRequest request;
  request.set_post_id(post_id);
  request.set_flat(true);
  // The latest first: a new comment is seen at once, however long the discussion is.
  request.set_order(mpb::COMMENT_ORDER_NEWEST);
  request.set_page_size(kCommentsPerPage);
  request.set_page_token(page.query.Get("comments"));
  return request;
}

// The discussion as it stood at `time`.
DiscussionState DiscussionOf(const Page& page, const std::string& path, const std::string& post_id,
                             absl::Time time) {
  DiscussionState state{.path = path,
                        .post_id = post_id,
                        .account_id = page.SignedIn() ? page.caller.identity->account_id : "",
                        .now = time};
  if (page.query.Get("comments").empty()) {
    state.live_url = absl::StrCat("/live/posts/", post_id);
    state.fragment = absl::StrCat(path, "/discussion?post=", post_id);
  }
  return state;
}

// Fills the discussion of the post at `path`.
asio::awaitable<absl::Status> FillDiscussionAt(Page& page, std::string path, std::string post_id,
                                               const RefusedComment* refused,
                                               ctemplate::TemplateDictionary& values) {
  DiscussionState state = DiscussionOf(page, path, post_id, page.site.clock.Now());
  const auto comments =
      co_await page.calls.Call(rpcs::kListComments, CommentsRequest(page, post_id));
  if (refused != nullptr) ShowRefused(page, *refused, state, values);
  if (!comments.ok()) {
    if (refused != nullptr) FillCompose(state, values);
    co_return comments.status();
  }
  FillDiscussion(page.site.words, *comments, state, values);
  co_return absl::OkStatus();
}

// Only the discussion, which a script puts into the page when it has changed.
PageAnswer DiscussionPart(Page& page) {
  const std::string path = ArticlePath(page.path.at("channel"), page.path.at("post"));
  ctemplate::TemplateDictionary& values = page.UseTemplate("discussion.tpl");
  const absl::Status status =
      co_await FillDiscussionAt(page, path, page.query.Get("post"), nullptr, values);
  if (!status.ok()) co_return page.Fail(status);
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

cpb::ListPostsRequest CardRequest(const cpb::PostSummary& summary) {
  cpb::ListPostsRequest request;
  request.set_author(summary.author().author_id());
  request.set_access_level(subscription::v1::ACCESS_LEVEL_PREMIUM);
  request.set_page_size(kAuthorCardPosts);
  return request;
}

ctemplate::TemplateDictionary& AddDiscussion(Page& page) {
  ctemplate::TemplateDictionary& discussion = *page.body->AddIncludeDictionary("DISCUSSION");
  discussion.SetFilename("discussion.tpl");
  return discussion;
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
  return page.path.contains("post_id") ? page.Redirect(place) : page.Moved(place);
}

// Whether there is a post, and where. Nobody reads it, so it costs no free read and is no view.
PageAnswer ShowHead(Page& page) {
  const auto place = co_await PlaceOf(page);
  if (!place.ok()) co_return page.Fail(place.status());
  if (page.request.path != *place) co_return LeadTo(page, *place);
  co_return page.ShowHead();
}

PageAnswer ShowPost(Page& page, const RefusedComment* refused) {
  // An old link leads to where the post is now.
  if (refused == nullptr && page.site.articles.FindPost(page.request.path) == nullptr) {
    const auto place = co_await PlaceOf(page);
    if (!place.ok()) co_return page.Fail(place.status());
    if (page.request.path != *place) co_return LeadTo(page, *place);
  }
  const auto post = co_await page.calls.Call(rpcs::kGetPost, RequestFor(page));
  if (!post.ok() && refused != nullptr) {
    const std::string path = ArticlePath(page.path.at("channel"), page.path.at("post"));
    co_return ShowTyped(page, *refused, "discussion.tpl",
                        DiscussionOf(page, path, page.query.Get("post"), page.site.clock.Now()));
  }
  if (!post.ok()) co_return page.Fail(post.status());
  const cpb::PostSummary& summary = post->summary();
  const std::string path = ArticlePath(summary);
  if (refused == nullptr && page.request.path != path) {
    page.site.articles.Forget(page.request.path);
    co_return LeadTo(page, path);
  }
  page.site.articles.Learn(path, summary.post_id());

  co_await FillPost(page, *post, path);
  const auto posts = co_await page.calls.Call(rpcs::kListPosts, CardRequest(summary));
  if (posts.ok()) FillAuthorCard(page.site.words, summary.author(), *posts, *page.body);
  if (post->access().granted()) {
    ctemplate::TemplateDictionary& discussion = AddDiscussion(page);
    const absl::Status shown =
        co_await FillDiscussionAt(page, path, summary.post_id(), refused, discussion);
    if (IsPageTokenError(shown)) co_return page.Redirect(path + "#discussion");
    if (!shown.ok()) discussion.ShowSection("AWAY");  // the article is shown without it
  } else if (refused != nullptr) {
    // It was open to the reader while the comment was typed.
    FillTyped(page, *refused, DiscussionOf(page, path, summary.post_id(), page.site.clock.Now()),
              AddDiscussion(page));
  }
  co_return refused == nullptr ? page.Show(summary.title())
                               : page.ShowAgain(summary.title(), refused->status);
}

// The parts of an article for a visitor. Parts that are not cached are asked for; a part that
// cannot be loaded is null.
struct VisitorParts {
  KeptPtr<cpb::Post> post;
  spb::ReadingAccess access;
  KeptPtr<ArticleCache::Card> card;
  KeptPtr<ArticleCache::Comments> comments;
};

// Only the parts of a decision that the page shows, so that visitors who see the same share a
// cached page. A page with an offer shows times that are different for each visitor.
spb::ReadingAccess Shown(spb::ReadingAccess access) {
  if (access.has_offer() || access.has_entitlement_end_time()) return access;
  access.clear_server_time();
  if (!access.has_meter()) return access;
  access.mutable_meter()->clear_period_end_time();
  access.mutable_meter()->clear_used();
  if (access.meter().state() == spb::METER_STATE_FREE) access.mutable_meter()->clear_returning();
  return access;
}

// Whether the path is the canonical form of an article's address.
bool IsPlace(const Page& page) {
  const auto channel = page.path.find("channel");
  return channel != page.path.end() &&
         page.request.path == ArticlePath(channel->second, page.path.at("post"));
}

// `known` is null if this gateway knows no post at the path.
cpb::VisitorRead ReadOf(const Page& page, const KnownPost* known) {
  cpb::VisitorRead read;
  *read.mutable_visitor() = ToProto(page.caller.visitor);
  read.set_network(page.caller.network);
  if (known == nullptr) {
    read.set_channel(page.path.at("channel"));
    read.set_slug(page.path.at("post"));
    return read;
  }
  read.set_post_id(known->post_id);
  const ArticleCache& articles = page.site.articles;
  if (known->body != nullptr && articles.IsFresh(known->body->load_time)) {
    read.set_held_body_version(known->body->version);
  }
  if (known->preview != nullptr && articles.IsFresh(known->preview->load_time)) {
    read.set_held_preview_version(known->preview->version);
  }
  return read;
}

// While content is unavailable, posts that were open to visitors a moment ago stay open.
// Content is not unavailable if it has answered other calls since it was `asked`: then only
// the replica that was asked is, and the events may have come from that replica.
bool OpenWhileAway(const Page& page, const KnownPost* known, absl::Time asked,
                   VisitorParts& parts) {
  const absl::Time last_answer = page.site.backends.LastAnswer("content");
  if (known == nullptr || last_answer >= asked ||
      !page.site.articles.IsUsableWhileAway(*known, last_answer)) {
    return false;
  }
  const spb::AccessLevel level = known->body->message.summary().access_level();
  if (level != spb::ACCESS_LEVEL_PUBLIC && level != spb::ACCESS_LEVEL_METERED) return false;
  parts.post = known->body;
  parts.access.set_granted(true);
  parts.access.set_reason(level == spb::ACCESS_LEVEL_PUBLIC ? spb::ACCESS_REASON_PUBLIC
                                                            : spb::ACCESS_REASON_METER_UNAVAILABLE);
  return true;
}

// Reads the post at this path. NOT_FOUND if it is no longer there.
asio::awaitable<absl::Status> ReadForVisitor(Page& page, const KnownPost* known,
                                             VisitorParts& parts) {
  const absl::Time asked = page.site.clock.Now();
  auto reading = co_await page.site.reads.Read(ReadOf(page, known), page.caller);
  // A replica of the previous release rejects batches in which any read names a path instead of
  // an id, also if it is not this read.
  if (absl::IsInvalidArgument(reading.status())) {
    co_return absl::NotFoundError("has to be asked for alone");
  }
  if (!reading.ok()) {
    const int code = HttpStatusOf(reading.status());
    const bool open = (code == 503 || code == 504) && OpenWhileAway(page, known, asked, parts);
    co_return open ? absl::OkStatus() : reading.status();
  }
  if (reading->outcome() == cpb::VisitorReading::OUTCOME_ACCESS_UNKNOWN) {
    co_return RetryLater(absl::StatusCode::kUnavailable, "ACCESS_UNKNOWN",
                         "whether you may read this cannot be found out at this moment",
                         absl::Seconds(5));
  }
  if (reading->outcome() != cpb::VisitorReading::OUTCOME_DECIDED) {
    co_return absl::NotFoundError("no longer there");
  }
  if (reading->access().has_meter() || reading->access().has_offer()) {
    page.calls.AddMetadata(kKeepVisitorKey, "1");
  }
  parts.access = Shown(std::move(*reading->mutable_access()));
  if (!reading->has_post()) {
    if (known != nullptr) parts.post = parts.access.granted() ? known->body : known->preview;
    co_return parts.post != nullptr ? absl::OkStatus()
                                    : absl::InternalError("content did not send the post");
  }
  if (ArticlePath(reading->post().summary()) != page.request.path) {
    co_return absl::NotFoundError("moved");
  }
  parts.post = page.site.articles.KeepPost(page.request.path, reading->version(), asked,
                                           std::move(*reading->mutable_post()));
  co_return absl::OkStatus();
}

asio::awaitable<void> ReadAround(Page& page, VisitorParts& parts) {
  ArticleCache& articles = page.site.articles;
  const cpb::PostSummary& summary = parts.post->message.summary();
  parts.card = articles.FindCard(summary.author().author_id());
  if (parts.card == nullptr) {
    const absl::Time now = page.site.clock.Now();
    const int64_t begun = articles.BeginCard();
    auto posts = co_await page.calls.Call(rpcs::kListPosts, CardRequest(summary));
    if (posts.ok()) {
      parts.card = articles.KeepCard(summary.author().author_id(), begun, now, *std::move(posts));
    }
  }
  if (!parts.access.granted()) co_return;
  parts.comments = articles.FindComments(summary.post_id());
  if (parts.comments != nullptr) co_return;
  const absl::Time now = page.site.clock.Now();
  const int64_t begun = articles.BeginComments(summary.post_id());
  auto comments =
      co_await page.calls.Call(rpcs::kListComments, CommentsRequest(page, summary.post_id()));
  if (comments.ok()) {
    parts.comments = articles.KeepComments(summary.post_id(), begun, now, *std::move(comments));
  }
}

// The key of the page in the cache, made of its parts; empty if it is for this visitor alone.
std::string PageKey(const Page& page, const VisitorParts& parts) {
  const bool whole =
      parts.card != nullptr && (parts.comments != nullptr || !parts.access.granted());
  if (!whole || parts.access.has_offer()) return "";
  return absl::StrCat(page.request.path, "\n", parts.post->number, " ", parts.card->number, " ",
                      parts.comments == nullptr ? 0 : parts.comments->number, "\n",
                      parts.access.SerializeAsString());
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
  const absl::Status read = co_await ReadForVisitor(page, known.get(), parts);
  if (absl::IsNotFound(read)) {
    articles.Forget(path);
    co_return co_await ShowPost(page, nullptr);
  }
  if (!read.ok()) co_return page.Fail(read);
  co_await ReadAround(page, parts);

  const std::string key = PageKey(page, parts);
  if (!key.empty()) {
    if (const auto kept = articles.FindPage(key)) co_return kept->Answer(page.request);
  }
  cpb::Post post = parts.post->message;
  *post.mutable_access() = parts.access;
  co_await FillPost(page, post, path);
  if (parts.card != nullptr) {
    FillAuthorCard(page.site.words, post.summary().author(), parts.card->message, *page.body);
  }
  if (parts.access.granted()) {
    ctemplate::TemplateDictionary& discussion = AddDiscussion(page);
    if (parts.comments != nullptr) {
      FillDiscussion(page.site.words, parts.comments->message,
                     DiscussionOf(page, path, post.summary().post_id(), parts.comments->load_time),
                     discussion);
    } else {
      discussion.ShowSection("AWAY");
    }
  }
  const auto made = page.Render(post.summary().title());
  if (!key.empty()) articles.KeepPage(key, made);
  co_return made->Answer(page.request);
}

PageAnswer ShowArticle(Page& page) {
  if (page.request.method == "HEAD") co_return co_await ShowHead(page);
  // It may never be read, so it must cost no free read. Browsers ask again when it is.
  if (page.IsLoadedAhead()) {
    co_return page.Fail(Error(absl::StatusCode::kPermissionDenied, "LOADED_AHEAD",
                              "posts are sent only to those who open them"));
  }
  // Only the plain address: a query may ask for another page of the discussion.
  if (!page.SignedIn() && page.request.query.empty()) co_return co_await ShowToVisitor(page);
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
