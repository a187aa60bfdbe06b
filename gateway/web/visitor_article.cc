#include "gateway/web/visitor_article.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/transcoding/http_status.h"
#include "gateway/web/article_requests.h"
#include "gateway/web/article_view.h"
#include "gateway/web/offer_times.h"
#include "gateway/web/rpcs.h"
#include "services/common/base/status.h"
#include "services/common/rpc/visitor_proto.h"

namespace rostrum::gateway {
namespace {

namespace cpb = rostrum::content::v1;
namespace spb = rostrum::subscription::v1;

// Only the parts of a decision that the page shows, so that visitors who see the same share a
// cached page. They may have offers that end at different times (TakeOfferTimes).
spb::ReadingAccess Shown(spb::ReadingAccess access) {
  access.clear_server_time();
  if (!access.has_meter()) return access;
  access.mutable_meter()->clear_period_end_time();
  access.mutable_meter()->clear_used();
  if (access.meter().state() == spb::METER_STATE_FREE) access.mutable_meter()->clear_returning();
  return access;
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
  parts.offer_times = TakeOfferTimes(*reading->mutable_access());
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
  parts.card = co_await LoadCard(page, summary);
  if (!parts.access.granted()) co_return;
  parts.comments = articles.FindComments(summary.post_id());
  if (parts.comments != nullptr) co_return;
  const absl::Time now = page.site.clock.Now();
  const int64_t begun = articles.BeginComments(summary.post_id());
  auto comments = co_await page.calls.Call(rpcs::kListComments, CommentsRequest(summary.post_id()));
  if (comments.ok()) {
    parts.comments = articles.KeepComments(summary.post_id(), begun, now, *std::move(comments));
  }
}

}  // namespace

asio::awaitable<KeptPtr<ArticleCache::Card>> LoadCard(Page& page, const cpb::PostSummary& post) {
  ArticleCache& articles = page.site.articles;
  const std::string& author_id = post.author().author_id();
  auto card = articles.FindCard(author_id);
  if (card != nullptr) co_return card;
  const absl::Time now = page.site.clock.Now();
  const int64_t begun = articles.BeginCard();
  const auto posts = co_await page.calls.CallShared(rpcs::kListPosts, CardRequest(post));
  if (posts.ok()) card = articles.KeepCard(author_id, begun, now, **posts);
  co_return card;
}

asio::awaitable<absl::Status> LoadForVisitor(Page& page, const KnownPost* known,
                                             VisitorParts& parts) {
  const absl::Status read = co_await ReadForVisitor(page, known, parts);
  if (read.ok()) co_await ReadAround(page, parts);
  co_return read;
}

std::string PageKey(const Page& page, const VisitorParts& parts) {
  const bool whole =
      parts.card != nullptr && (parts.comments != nullptr || !parts.access.granted());
  if (!whole) return "";
  return absl::StrCat(page.request.path, "\n", parts.post->number, " ", parts.card->number, " ",
                      parts.comments == nullptr ? 0 : parts.comments->number, "\n",
                      parts.access.SerializeAsString());
}

}  // namespace rostrum::gateway
