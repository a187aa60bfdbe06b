#include "tests/gateway/web/site_fixture.h"

#include <exception>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/executor_work_guard.hpp"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "rostrum/account/v1/identity_service.pb.h"
#include "services/common/base/status.h"
#include "services/common/rpc/proto_time.h"

namespace rostrum::gateway {
namespace {

namespace apb = rostrum::account::v1;
namespace cpb = rostrum::content::v1;
namespace spb = rostrum::subscription::v1;

constexpr char kOtherPostId[] = "00000000-0000-7000-8000-000000000002";

absl::Status CheckToken(const std::string& token) {
  if (token.empty() || token == "2") return absl::OkStatus();
  return InvalidField("page_token", "INVALID_PAGE_TOKEN", "must be of this list");
}

// One entry of each page of a list that has two.
template <class Request, class Response, class Entry>
absl::Status List(const Request& request, Entry* entry, Response* response) {
  RETURN_IF_ERROR(CheckToken(request.page_token()));
  const bool first = request.page_token().empty();
  entry->set_slug(first ? "first" : "second");
  entry->set_display_name(entry->slug());
  if (first) response->set_next_page_token("2");
  return absl::OkStatus();
}

}  // namespace

cpb::PostSummary ThePost() {
  cpb::PostSummary post;
  post.set_post_id(kPostId);
  post.set_slug("peace");
  post.set_title("On peace");
  post.set_lede("How it is made");
  post.mutable_channel()->set_slug("world");
  post.mutable_channel()->set_display_name("World");
  post.mutable_author()->set_author_id(kPostId);
  post.mutable_author()->set_slug("ana");
  post.mutable_author()->set_display_name("Ana");
  post.set_access_level(spb::ACCESS_LEVEL_PUBLIC);
  *post.mutable_publish_time() = ToProtoTime(absl::FromUnixSeconds(1'700'000'000));
  return post;
}

spb::ListPlansResponse ThePlans() {
  spb::ListPlansResponse plans;
  spb::Plan& monthly = *plans.add_plans();
  monthly.set_plan_id("monthly");
  monthly.set_display_name("Monthly");
  monthly.mutable_price()->set_currency_code("EUR");
  monthly.mutable_price()->set_minor_units(700);
  monthly.set_period(spb::BILLING_PERIOD_MONTH);
  spb::Plan& yearly = *plans.add_plans();
  yearly = monthly;
  yearly.set_plan_id("yearly");
  yearly.set_display_name("Yearly");
  yearly.mutable_price()->set_minor_units(7500);
  yearly.set_period(spb::BILLING_PERIOD_YEAR);
  return plans;
}

cpb::PostSummary StandInPosts::Shown() const {
  cpb::PostSummary post = ThePost();
  if (revised) {
    *post.mutable_revise_time() = ToProtoTime(FromProtoTime(post.publish_time()) + absl::Hours(24));
  }
  return post;
}

grpc::Status StandInPosts::ListPosts(grpc::ServerContext* ctx, const cpb::ListPostsRequest* request,
                                     cpb::ListPostsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListPosts", [&](const RequestContext&) -> absl::Status {
    RETURN_IF_ERROR(CheckToken(request->page_token()));
    ++lists;
    *response->add_posts() = Shown();
    if (request->page_token().empty()) response->set_next_page_token("2");
    return absl::OkStatus();
  });
}

grpc::Status StandInPosts::GetPost(grpc::ServerContext* ctx, const cpb::GetPostRequest* request,
                                   cpb::Post* response) {
  return HandleRpc(rpc_, ctx, "GetPost", [&](const RequestContext&) -> absl::Status {
    if (request->view() != cpb::POST_VIEW_BASIC) ++reads;
    cpb::PostSummary& post = *response->mutable_summary();
    post = Shown();
    const bool by_path = request->post_id().empty();
    if (by_path) ++lookups;
    switch (fate) {
      case Fate::kThere: break;
      case Fate::kMoved: post.set_slug("war"); break;
      case Fate::kReplaced:
        if (request->post_id() == kPostId) {
          post.set_slug("war");
        } else {
          post.set_post_id(kOtherPostId);
          post.set_title("On peace again");
        }
        break;
      case Fate::kComing:
        if (!by_path) post.set_slug("war");
        break;
      case Fate::kWithdrawn:
        return Error(absl::StatusCode::kNotFound, "POST_NOT_FOUND", "there is no such post");
    }
    response->mutable_access()->set_granted(true);
    return absl::OkStatus();
  });
}

grpc::Status StandInPosts::BatchReadPosts(grpc::ServerContext* ctx,
                                          const cpb::BatchReadPostsRequest* request,
                                          cpb::BatchReadPostsResponse* response) {
  return HandleRpc(rpc_, ctx, "BatchReadPosts", [&](const RequestContext&) -> absl::Status {
    for (const cpb::VisitorRead& read : request->reads()) {
      cpb::VisitorReading& reading = *response->add_readings();
      if (read.post_id().empty() && read.slug() != "peace") {
        reading.set_outcome(cpb::VisitorReading::OUTCOME_NOT_FOUND);
        continue;
      }
      ++reads;
      reading.set_outcome(cpb::VisitorReading::OUTCOME_DECIDED);
      reading.set_version("1");
      absl::MutexLock lock(&mu_);
      *reading.mutable_access() = access_;
      *reading.mutable_post()->mutable_summary() = Shown();
      if (access_.granted()) {
        reading.mutable_post()->set_body_html("<p>By talking.</p>");
      } else {
        reading.mutable_post()->set_preview_html("<p>By …</p>");
      }
    }
    return absl::OkStatus();
  });
}

grpc::Status StandInSearch::SearchPosts(grpc::ServerContext* ctx,
                                        const cpb::SearchPostsRequest* request,
                                        cpb::SearchPostsResponse* response) {
  return HandleRpc(rpc_, ctx, "SearchPosts", [&](const RequestContext&) -> absl::Status {
    RETURN_IF_ERROR(CheckToken(request->page_token()));
    cpb::FoundPost& found = *response->add_posts();
    *found.mutable_post() = ThePost();
    found.add_excerpt()->set_text(request->query() == "talking" ? "is made by talking"
                                                                : "How it is made by talking");
    return absl::OkStatus();
  });
}

grpc::Status StandInCatalog::GetAuthor(grpc::ServerContext* ctx,
                                       const cpb::GetAuthorRequest* request,
                                       cpb::Author* response) {
  return HandleRpc(rpc_, ctx, "GetAuthor", [&](const RequestContext&) -> absl::Status {
    *response = ThePost().author();
    response->set_slug(request->author());
    return absl::OkStatus();
  });
}

grpc::Status StandInCatalog::GetChannel(grpc::ServerContext* ctx, const cpb::GetChannelRequest*,
                                        cpb::Channel* response) {
  return HandleRpc(rpc_, ctx, "GetChannel", [&](const RequestContext&) -> absl::Status {
    *response = ThePost().channel();
    return absl::OkStatus();
  });
}

grpc::Status StandInCatalog::GetTopic(grpc::ServerContext* ctx, const cpb::GetTopicRequest* request,
                                      cpb::Topic* response) {
  return HandleRpc(rpc_, ctx, "GetTopic", [&](const RequestContext&) -> absl::Status {
    response->set_slug(request->topic());
    return absl::OkStatus();
  });
}

grpc::Status StandInCatalog::ListChannels(grpc::ServerContext* ctx,
                                          const cpb::ListChannelsRequest* request,
                                          cpb::ListChannelsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListChannels", [&](const RequestContext&) {
    return List(*request, response->add_channels(), response);
  });
}

grpc::Status StandInCatalog::ListTopics(grpc::ServerContext* ctx,
                                        const cpb::ListTopicsRequest* request,
                                        cpb::ListTopicsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListTopics", [&](const RequestContext&) {
    return List(*request, response->add_topics(), response);
  });
}

grpc::Status StandInCatalog::ListAuthors(grpc::ServerContext* ctx,
                                         const cpb::ListAuthorsRequest* request,
                                         cpb::ListAuthorsResponse* response) {
  return HandleRpc(rpc_, ctx, "ListAuthors", [&](const RequestContext&) {
    return List(*request, response->add_authors(), response);
  });
}

SiteTest::SiteTest() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&posts_);
  builder.RegisterService(&search_);
  builder.RegisterService(&catalog_);
  listening_ = builder.BuildAndStart();
  const std::string target = absl::StrCat("127.0.0.1:", port);
  std::map<std::string, std::string> targets;
  targets["content"] = target;
  for (const char* service : {"account", "subscription", "feed", "comment"}) {
    targets[service] = told_.target();
  }
  backends_ = std::make_unique<Backends>(targets, grpc::InsecureChannelCredentials(), metrics_);
  shared_ = std::make_unique<SharedCalls>(*backends_);
  identities_ = std::make_unique<Identities>(*backends_, clock_);
  const BrowserSettings browser{
      .cookies = {}, .origins = {kSiteUrl}, .network_secret = std::string(32, 'n')};
  callers_ = std::make_unique<CallerContexts>(browser, *identities_, clock_);
  const SiteSettings settings{
      .name = "Rostrum", .public_url = kSiteUrl, .mail_folder = "", .cache_bytes = 1 << 20};
  auto parts = SiteParts::Load(settings, *backends_, *shared_, caller_, blocking_, clock_);
  EXPECT_TRUE(parts.ok()) << parts.status();
  parts_ = *std::move(parts);
  http::SecuritySettings security;
  site_ = std::make_unique<Site>(parts_->context(), *callers_, limits_, security);
}

SiteTest::~SiteTest() {
  backends_->CancelAll();
  blocking_.Stop();
  listening_->Shutdown();
}

http::HttpResponse SiteTest::Ask(const std::string& method, const std::string& target,
                                 const Headers& headers, const std::string& body) {
  http::HttpRequest request;
  request.method = method;
  request.target = target;
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == std::string::npos ? "" : target.substr(question + 1);
  request.body = body;
  request.headers.Add("Host", "rostrum.test");
  for (const auto& [name, value] : headers) request.headers.Add(name, value);
  request.peer = *http::IpAddress::Parse("192.0.2.7");
  request.client = request.peer;
  request.executor = io_.get_executor();
  std::optional<http::HttpResponse> response;
  asio::co_spawn(io_, site_->Handle(request),
                 [&](std::exception_ptr thrown, http::HttpResponse answer) {
                   EXPECT_TRUE(thrown == nullptr);
                   response = std::move(answer);
                 });
  const auto work = asio::make_work_guard(io_);
  io_.restart();
  while (!response.has_value()) io_.run_one();
  return *std::move(response);
}

http::HttpResponse SiteTest::Post(const std::string& target, const std::string& form,
                                  Headers headers) {
  headers.emplace_back("Origin", kSiteUrl);
  return Ask("POST", target, headers, form);
}

SiteTest::Headers SiteTest::SignedIn() {
  constexpr Rpc<apb::ResolveCredentialRequest, apb::Identity> kResolve{
      "account", "/rostrum.account.v1.IdentityService/ResolveCredential"};
  apb::Identity ana;
  ana.set_account_id(kPostId);
  ana.set_display_name("Ana");
  *ana.mutable_expire_time() = ToProtoTime(clock_.Now() + absl::Hours(1));
  told_.Answer(kResolve, ana);
  return {{"Cookie", absl::StrCat(http::CookieName(kSessionCookie, {}), "=anas-session-token")}};
}

std::string SiteTest::Header(const http::HttpResponse& response, const std::string& name) {
  const std::string* value = response.headers.Find(name);
  return value == nullptr ? "" : *value;
}

}  // namespace rostrum::gateway
