#include "services/content/post_service.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/base/crypto.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"
#include "services/common/rpc/visitor_proto.h"
#include "services/content/content_proto.h"
#include "services/content/slug.h"

namespace rostrum::content {
namespace {

absl::StatusOr<PostRef> ReadRef(const v1::GetPostRequest& request) {
  PostRef ref{.channel = request.channel(), .slug = request.slug()};
  if (!request.post_id().empty()) {
    if (!ref.channel.empty() || !ref.slug.empty()) {
      return InvalidField("post_id", "CONTRADICTION", "cannot be combined with channel and slug");
    }
    ASSIGN_OR_RETURN(ref.id, ParseId<PostId>(request.post_id(), "post_id"));
    return ref;
  }
  if (ref.channel.empty() && ref.slug.empty()) {
    return InvalidField("post_id", "REQUIRED", "must be given, or channel and slug");
  }
  // A text that cannot be a slug matches no post.
  const bool channel = IsUuid(ref.channel) || IsSlug(ref.channel, kMaxCatalogSlug);
  if (!channel || !IsSlug(ref.slug, kMaxPostSlug)) return PostNotFound();
  return ref;
}

Reader ReaderOf(const RequestContext& rc) {
  return {.account_id = rc.caller.account_id,
          .roles = rc.caller.roles,
          .visitor = rc.visitor,
          .network = rc.network};
}

constexpr int kMaxReads = 500;
// Most bytes of texts in one answer of BatchReadPosts; callers accept 16 MiB.
constexpr size_t kMaxTexts = 8 << 20;

PostId PostOf(const v1::VisitorRead& read, const std::map<SlugPair, PostId>& places) {
  if (!read.post_id().empty()) return PostId(read.post_id());
  const auto found = places.find({read.channel(), read.slug()});
  return found == places.end() ? PostId() : found->second;
}

// Fills the reading of one visitor, except for the post.
absl::Status Decided(const PostVersion& post,
                     absl::StatusOr<subscription::v1::ReadingAccess>& decision,
                     v1::VisitorReading& reading) {
  if (ReasonOf(decision.status()) == "ACCESS_UNKNOWN") {
    reading.set_outcome(v1::VisitorReading::OUTCOME_ACCESS_UNKNOWN);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(decision);
  reading.set_outcome(v1::VisitorReading::OUTCOME_DECIDED);
  *reading.mutable_access() = *std::move(decision);
  reading.set_version(post.version.ToString());
  return absl::OkStatus();
}

// Whether access was decided and the caller does not hold this version of the post.
bool NeedsPost(const v1::VisitorRead& read, const v1::VisitorReading& reading) {
  if (!reading.has_access()) return false;
  return (reading.access().granted() ? read.held_body_version() : read.held_preview_version()) !=
         reading.version();
}

// The part of the text that the decision allows.
TextRef TextOf(const PostFacts& post, bool granted) {
  return {.id = post.id,
          .decided_for = post.access_level,
          .part = granted ? TextPart::kBody : TextPart::kPreview};
}

void SetText(std::string text, bool granted, v1::Post& post) {
  *(granted ? post.mutable_body_html() : post.mutable_preview_html()) = std::move(text);
}

PostFacts FactsOf(const PostSummary& post) {
  return {.id = post.id,
          .published = true,
          .access_level = post.access_level,
          .author_account_id = post.author.account_id};
}

// Covers all that a reader sees except counters and clocks. Used only for whole texts: a reader
// who gets the paywall must always ask again.
std::string EtagOfPost(const v1::Post& post, const PostSummary& summary) {
  const subscription::v1::ReadingAccess& access = post.access();
  return absl::StrCat(
      "\"",
      Hex(Sha256(absl::StrCat(post.summary().post_id(), " ", summary.version, " ",
                              summary.channel.version, " ", summary.author.version, " ",
                              access.reason(), " ", access.meter().used(), " ",
                              access.meter().returning(), " ", access.offer().state(), " ",
                              access.offer().expire_time().seconds(), " ",
                              access.entitlement_end_time().seconds())))
          .substr(0, 32),
      "\"");
}

}  // namespace

PostService::PostService(PostStore& posts, CatalogStore& catalog, ReaderAccess& access,
                         ViewCounter& views, const PageTokens& page_tokens, RpcRuntime& runtime)
    : posts_(posts),
      catalog_(catalog),
      access_(access),
      views_(views),
      page_tokens_(page_tokens),
      rpc_(runtime, v1::PostService::service_full_name()) {}

grpc::Status PostService::GetPost(grpc::ServerContext* ctx, const v1::GetPostRequest* request,
                                  v1::Post* response) {
  return HandleRpc(rpc_, ctx, "GetPost", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(const PostRef ref, ReadRef(*request));
    if (!v1::PostView_IsValid(request->view())) {
      return InvalidField("view", "UNKNOWN_VIEW", "must be basic or full");
    }
    ASSIGN_OR_RETURN(const PostSummary post, posts_.Find(ref));
    if (request->view() == v1::POST_VIEW_BASIC) {
      *response->mutable_summary() = ToProto(post);
      return absl::OkStatus();
    }
    const Reader reader = ReaderOf(rc);
    ASSIGN_OR_RETURN(*response->mutable_access(),
                     access_.Decide(FactsOf(post), reader, ReaderAccess::Mode::kRead));
    const bool granted = response->access().granted();
    // The text is read only now, and only the part that the decision allows.
    ASSIGN_OR_RETURN(std::string text, posts_.GetText(TextOf(FactsOf(post), granted)));
    SetText(std::move(text), granted, *response);
    *response->mutable_summary() = ToProto(post);
    if (response->access().has_meter() || response->access().has_offer()) KeepVisitor(ctx);
    if (granted) {
      // If the caller has given up, its next try counts the view.
      RETURN_IF_ERROR(CheckAwaited(*ctx, rc));
      SetEtag(ctx, EtagOfPost(*response, post));
      views_.Count({{.post_id = post.id, .reader = reader}});
    }
    return absl::OkStatus();
  });
}

grpc::Status PostService::BatchReadPosts(grpc::ServerContext* ctx,
                                         const v1::BatchReadPostsRequest* request,
                                         v1::BatchReadPostsResponse* response) {
  return HandleRpc(rpc_, ctx, "BatchReadPosts", [&](const RequestContext& rc) -> absl::Status {
    ASSIGN_OR_RETURN(std::vector<Read> reads, ReadsOf(*request));
    std::vector<PostId> ids;
    for (const Read& read : reads) {
      if (!read.post_id.empty()) ids.push_back(read.post_id);
    }
    ASSIGN_OR_RETURN(const auto versions, posts_.GetVersions(ids));
    std::vector<const PostFacts*> facts;
    std::vector<Reader> visitors;
    for (Read& read : reads) {
      const auto found = versions.find(read.post_id);
      if (found == versions.end()) continue;
      read.post = &found->second;
      facts.push_back(&found->second.facts);
      visitors.push_back(read.reader);
    }
    auto decisions = access_.DecideForVisitors(facts, visitors);
    auto decision = decisions.begin();
    for (const Read& read : reads) {
      v1::VisitorReading& reading = *response->add_readings();
      reading.set_outcome(v1::VisitorReading::OUTCOME_NOT_FOUND);
      if (read.post != nullptr) RETURN_IF_ERROR(Decided(*read.post, *decision++, reading));
    }
    RETURN_IF_ERROR(FillPosts(reads, *response));
    RETURN_IF_ERROR(CheckAwaited(*ctx, rc));
    std::vector<ViewCounter::View> views;
    for (size_t i = 0; i < reads.size(); ++i) {
      if (!response->readings(static_cast<int>(i)).access().granted()) continue;
      views.push_back({.post_id = reads[i].post_id, .reader = std::move(reads[i].reader)});
    }
    views_.Count(std::move(views));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<PostService::Read>> PostService::ReadsOf(
    const v1::BatchReadPostsRequest& request) {
  if (request.reads_size() > kMaxReads) {
    return InvalidField("reads", "TOO_MANY", absl::StrCat("must be at most ", kMaxReads));
  }
  std::vector<SlugPair> places;
  for (const v1::VisitorRead& read : request.reads()) {
    if (!read.post_id().empty()) {
      RETURN_IF_ERROR(ParseId<PostId>(read.post_id(), "post_id"));
      if (!read.channel().empty() || !read.slug().empty()) {
        return InvalidField("post_id", "CONTRADICTION", "cannot be combined with channel and slug");
      }
    } else if (IsSlug(read.channel(), kMaxCatalogSlug) && IsSlug(read.slug(), kMaxPostSlug)) {
      places.push_back({read.channel(), read.slug()});
    }
  }
  // If the places cannot be looked up, these reads get NOT_FOUND: the gateway then asks for each
  // alone, and gets the error. The other reads are answered all the same.
  std::map<SlugPair, PostId> found;
  if (!places.empty()) found = posts_.Resolve(places).value_or(std::map<SlugPair, PostId>());
  std::vector<Read> reads;
  reads.reserve(request.reads_size());
  for (const v1::VisitorRead& read : request.reads()) {
    Read& out = reads.emplace_back();
    out.request = &read;
    out.post_id = PostOf(read, found);
    ASSIGN_OR_RETURN(out.reader.visitor, VisitorFromProto(read.visitor(), "visitor"));
    out.reader.network = read.network();
  }
  return reads;
}

absl::Status PostService::FillPosts(const std::vector<Read>& reads,
                                    v1::BatchReadPostsResponse& response) {
  std::set<PostId> ids;
  std::set<TextRef> refs;
  for (size_t i = 0; i < reads.size(); ++i) {
    const v1::VisitorReading& reading = response.readings(static_cast<int>(i));
    if (!NeedsPost(*reads[i].request, reading)) continue;
    ids.insert(reads[i].post_id);
    refs.insert(TextOf(reads[i].post->facts, reading.access().granted()));
  }
  if (ids.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto posts, posts_.FindAll({ids.begin(), ids.end()}));
  // The texts are read only now, and only the parts that the decisions allow.
  ASSIGN_OR_RETURN(const auto texts, posts_.GetTexts({refs.begin(), refs.end()}));
  size_t left = kMaxTexts;
  for (size_t i = 0; i < reads.size(); ++i) {
    v1::VisitorReading& reading = *response.mutable_readings(static_cast<int>(i));
    if (!NeedsPost(*reads[i].request, reading)) continue;
    const bool granted = reading.access().granted();
    const auto post = posts.find(reads[i].post_id);
    const auto text = texts.find(TextOf(reads[i].post->facts, granted));
    if (post == posts.end() || text == texts.end() || text->second.size() > left) {
      // The post was changed or withdrawn at this moment, or its text is too long for this answer:
      // the gateway asks for it alone.
      reading.Clear();
      reading.set_outcome(v1::VisitorReading::OUTCOME_NOT_FOUND);
      continue;
    }
    left -= text->second.size();
    *reading.mutable_post()->mutable_summary() = ToProto(post->second);
    SetText(text->second, granted, *reading.mutable_post());
  }
  return absl::OkStatus();
}

absl::StatusOr<PostQuery> PostService::ReadQuery(const v1::ListPostsRequest& request) {
  PostQuery query;
  if (!request.channel().empty()) {
    ASSIGN_OR_RETURN(const Channel channel, catalog_.FindChannel(request.channel()));
    query.channel_id = channel.id;
  }
  if (!request.author().empty()) {
    ASSIGN_OR_RETURN(const Author author, catalog_.FindAuthor(request.author()));
    query.author_id = author.id;
  }
  if (!request.topic().empty()) {
    ASSIGN_OR_RETURN(const Topic topic, catalog_.FindTopic(request.topic()));
    query.topic_id = topic.id;
  }
  if (request.access_level() != subscription::v1::ACCESS_LEVEL_UNSPECIFIED) {
    if (!subscription::v1::AccessLevel_IsValid(request.access_level())) {
      return InvalidField("access_level", "UNKNOWN_LEVEL", "must be public, metered or premium");
    }
    query.access_level = request.access_level();
  }
  return query;
}

grpc::Status PostService::ListPosts(grpc::ServerContext* ctx, const v1::ListPostsRequest* request,
                                    v1::ListPostsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListPosts", [&](const RequestContext&) -> absl::Status {
    // Of no caller: all see the same list, and a link to a page of it is for all.
    ASSIGN_OR_RETURN(const ListPage page, ListPage::Read(page_tokens_, Caller(), *request, 2));
    ASSIGN_OR_RETURN(PostQuery query, ReadQuery(*request));
    ASSIGN_OR_RETURN(query.after, (page.After<PostCursor, PostId>()));
    query.limit = page.limit();
    ASSIGN_OR_RETURN(std::vector<PostSummary> posts, posts_.List(query));
    response->set_next_page_token(page.Cut(posts, [](const PostSummary& post) {
      return TimeCursorParts(post.publish_time, post.id.value());
    }));
    for (const PostSummary& post : posts) *response->add_posts() = ToProto(post);
    return absl::OkStatus();
  });
}

grpc::Status PostService::CheckPostAccess(grpc::ServerContext* ctx,
                                          const v1::CheckPostAccessRequest* request,
                                          v1::CheckPostAccessResponse* response) {
  return HandleRpc(rpc_, ctx, "CheckPostAccess", [&](const RequestContext&) -> absl::Status {
    ASSIGN_OR_RETURN(const PostId id, ParseId<PostId>(request->post_id(), "post_id"));
    Reader reader;
    if (!request->account_id().empty()) {
      ASSIGN_OR_RETURN(reader.account_id, ParseId<AccountId>(request->account_id(), "account_id"));
    }
    reader.roles = {request->roles().begin(), request->roles().end()};
    ASSIGN_OR_RETURN(reader.visitor, VisitorFromProto(request->visitor(), "visitor"));
    ASSIGN_OR_RETURN(const PostFacts post, posts_.GetFacts(id));
    if (!post.published) return PostNotFound();
    ASSIGN_OR_RETURN(const subscription::v1::ReadingAccess access,
                     access_.Decide(post, reader, ReaderAccess::Mode::kPeek));
    response->set_granted(access.granted());
    response->set_reason(access.reason());
    if (access.reason() == subscription::v1::ACCESS_REASON_PUBLIC &&
        post.lease > absl::ZeroDuration()) {
      *response->mutable_shared_for() = ToProtoDuration(post.lease);
    }
    return absl::OkStatus();
  });
}

}  // namespace rostrum::content
