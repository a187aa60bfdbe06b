#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "boost/asio/io_context.hpp"
#include "gateway/web/site.h"
#include "gateway/web/site_parts.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rostrum/content/v1/catalog_service.grpc.pb.h"
#include "rostrum/content/v1/post_service.grpc.pb.h"
#include "rostrum/content/v1/search_service.grpc.pb.h"
#include "rostrum/subscription/v1/membership_service.pb.h"
#include "tests/gateway/web/told_services.h"
#include "tests/support/fake_clock.h"
#include "tests/support/grpc_fixture.h"

namespace rostrum::gateway {

inline constexpr char kSiteUrl[] = "https://rostrum.test";
inline constexpr char kPostId[] = "00000000-0000-7000-8000-000000000001";

// One post, at /c/world/peace and formerly at /c/world/war, that everybody may read.
content::v1::PostSummary ThePost();

// "monthly" for EUR 7.00 and "yearly" for EUR 75.00.
subscription::v1::ListPlansResponse ThePlans();

// Lists have ThePost() and the page tokens "" and "2"; any other is refused.
class StandInPosts final : public content::v1::PostService::Service {
 public:
  explicit StandInPosts(RpcRuntime& runtime)
      : rpc_(runtime, content::v1::PostService::service_full_name()) {
    access_.set_granted(true);
    access_.set_reason(subscription::v1::ACCESS_REASON_PUBLIC);
  }
  grpc::Status ListPosts(grpc::ServerContext* ctx, const content::v1::ListPostsRequest* request,
                         content::v1::ListPostsResponse* response) override;
  grpc::Status GetPost(grpc::ServerContext* ctx, const content::v1::GetPostRequest* request,
                       content::v1::Post* response) override;
  grpc::Status BatchReadPosts(grpc::ServerContext* ctx,
                              const content::v1::BatchReadPostsRequest* request,
                              content::v1::BatchReadPostsResponse* response) override;
  std::atomic<int> reads = 0;    // those that count
  std::atomic<int> lookups = 0;  // of posts by their path
  std::atomic<int> lists = 0;
  // What has become of the post at /c/world/peace.
  enum class Fate {
    kThere,
    kMoved,     // to /c/world/war
    kReplaced,  // and another has its place
    kComing,    // it is there, but by its id it is still at /c/world/war
    kWithdrawn,
  };
  std::atomic<Fate> fate = Fate::kThere;
  std::atomic<bool> revised = false;  // the post, a day after it was published
  // What visitors may read; by default everything.
  void DecideForVisitors(subscription::v1::ReadingAccess access) {
    absl::MutexLock lock(&mu_);
    access_ = std::move(access);
  }

 private:
  content::v1::PostSummary Shown() const;
  const RpcMethods rpc_;
  absl::Mutex mu_;
  subscription::v1::ReadingAccess access_ ABSL_GUARDED_BY(mu_);
};

// Finds ThePost() by any word, and quotes the middle of it for "talking".
class StandInSearch final : public content::v1::SearchService::Service {
 public:
  explicit StandInSearch(RpcRuntime& runtime)
      : rpc_(runtime, content::v1::SearchService::service_full_name()) {}
  grpc::Status SearchPosts(grpc::ServerContext* ctx, const content::v1::SearchPostsRequest* request,
                           content::v1::SearchPostsResponse* response) override;

 private:
  const RpcMethods rpc_;
};

// Each list has two pages of one entry: "first", then "second". Every channel is that of ThePost().
class StandInCatalog final : public content::v1::CatalogService::Service {
 public:
  explicit StandInCatalog(RpcRuntime& runtime)
      : rpc_(runtime, content::v1::CatalogService::service_full_name()) {}
  grpc::Status GetAuthor(grpc::ServerContext* ctx, const content::v1::GetAuthorRequest* request,
                         content::v1::Author* response) override;
  grpc::Status GetChannel(grpc::ServerContext* ctx, const content::v1::GetChannelRequest* request,
                          content::v1::Channel* response) override;
  grpc::Status GetTopic(grpc::ServerContext* ctx, const content::v1::GetTopicRequest* request,
                        content::v1::Topic* response) override;
  grpc::Status ListChannels(grpc::ServerContext* ctx,
                            const content::v1::ListChannelsRequest* request,
                            content::v1::ListChannelsResponse* response) override;
  grpc::Status ListTopics(grpc::ServerContext* ctx, const content::v1::ListTopicsRequest* request,
                          content::v1::ListTopicsResponse* response) override;
  grpc::Status ListAuthors(grpc::ServerContext* ctx, const content::v1::ListAuthorsRequest* request,
                           content::v1::ListAuthorsResponse* response) override;

 private:
  const RpcMethods rpc_;
};

// The pages as a visitor gets them, or a reader who is signed in, in front of a content of
// stand-ins. Other services answer as they are told to.
class SiteTest : public ::testing::Test {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  SiteTest();
  ~SiteTest() override;

  http::HttpResponse Ask(const std::string& method, const std::string& target,
                         const Headers& headers = {}, const std::string& body = "");
  http::HttpResponse Get(const std::string& target, const Headers& headers = {}) {
    return Ask("GET", target, headers);
  }
  // Sends a form, as a page of the site does.
  http::HttpResponse Post(const std::string& target, const std::string& form, Headers headers = {});
  // The headers of a reader who is signed in as Ana.
  Headers SignedIn();
  // The page that Ana gets.
  std::string Shown(const std::string& target) {
    return std::string(Get(target, SignedIn()).bytes());
  }
  // A header of an answer, or "".
  static std::string Header(const http::HttpResponse& response, const std::string& name);

  FakeClock clock_{absl::Now()};
  GrpcTestServer server_{"content", &clock_};
  StandInPosts posts_{server_.runtime()};
  StandInSearch search_{server_.runtime()};
  StandInCatalog catalog_{server_.runtime()};
  std::unique_ptr<grpc::Server> listening_;
  ToldServices told_;  // account, subscription, feed and comment
  Metrics metrics_;
  std::unique_ptr<Backends> backends_;
  std::unique_ptr<SharedCalls> shared_;
  std::unique_ptr<Identities> identities_;
  std::unique_ptr<CallerContexts> callers_;
  LocalThrottle throttle_{clock_};
  http::BlockingPool blocking_{http::BlockingPool::Options()};
  Limits limits_{{}, throttle_, throttle_, blocking_};
  const ServiceCaller caller_{server_.signer("gateway"), "content", absl::Seconds(5), metrics_};
  std::unique_ptr<SiteParts> parts_;
  std::unique_ptr<Site> site_;
  asio::io_context io_;
};

}  // namespace rostrum::gateway
