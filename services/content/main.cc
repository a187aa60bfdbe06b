#include <algorithm>
#include <memory>
#include <vector>

#include "content_migrations.h"
#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/base/log.h"
#include "services/common/events/event_consumer.h"
#include "services/common/postgres/transaction.h"
#include "services/common/redis/redis.h"
#include "services/common/redis/redis_settings.h"
#include "services/common/service/service_main.h"
#include "services/content/cached_post_store.h"
#include "services/content/catalog_service.h"
#include "services/content/desk_service.h"
#include "services/content/entitlement_store.h"
#include "services/content/media_service.h"
#include "services/content/post_service.h"
#include "services/content/postgres_catalog_store.h"
#include "services/content/postgres_manuscript_store.h"
#include "services/content/postgres_post_store.h"
#include "services/content/reader_access.h"
#include "services/content/search_service.h"
#include "services/content/subscription_client.h"
#include "services/content/view_counter.h"

namespace rostrum::content {
namespace {

// Within this time a change reaches the gateways that rely on its event (ArticleCache).
constexpr absl::Duration kTelling = absl::Milliseconds(250);
constexpr absl::Duration kCleanUp = absl::Minutes(10);
// How many posts one transaction publishes or announces.
constexpr int kBatch = 100;
// Limited because authors wait this long with each change.
constexpr absl::Duration kMaxReadLease = absl::Seconds(1);
// A picture of the largest size, and the rest of its message.
constexpr size_t kMaxMessage = kMaxPictureBytes + (64 << 10);

struct ContentSettings {
  RedisOptions redis;
  std::string subscription_target;
  size_t post_cache_bytes = 0;
  absl::Duration read_lease;   // zero: the database is asked each time
  absl::Duration change_wait;  // after it no replica has a lease on the old version
  absl::Duration settle_interval;
  absl::Duration schedule_interval;
};

class ContentApp final : public ServiceApp {
 public:
  ContentApp(ServiceEnvironment& env, const ContentSettings& settings)
      : env_(env),
        settings_(settings),
        redis_(settings.redis, env.metrics),
        subscription_channel_(env.ChannelTo(settings.subscription_target)),
        subscription_caller_(*env.signer, "subscription", absl::Seconds(2), env.metrics),
        subscription_(subscription_channel_, *env.signer, env.metrics) {}

  std::vector<grpc::Service*> services() override {
    return {&post_service_, &catalog_service_, &search_service_, &desk_service_, &media_service_};
  }

  void Start() override {
    subscriptions_ = std::make_unique<EventConsumer>(
        *env_.pool, subscription_channel_, subscription_caller_,
        EventConsumer::Options{
            .producer = "subscription",
            .handlers = {{subscription::v1::EntitlementChanged::descriptor()->full_name(),
                          ApplyEntitlementChanged}},
            // Needs no snapshot: content asks subscription for entitlements that it does not have.
            .resync =
                [this](const EventConsumer::Fence& fence) { return entitlements_.Clear(fence); },
            .replay = true});
    Work("views", settings_.settle_interval, [this] { return views_.Settle(); });
    Work("scheduled-posts", settings_.schedule_interval, [this] {
      return UntilNothingIsLeft(
          [this] { return manuscripts_.PublishDue(env_.clock.Now(), kBatch); });
    });
    Work("announcements", settings_.schedule_interval, [this] {
      return UntilNothingIsLeft(
          [this] { return manuscripts_.AnnounceChanges(env_.clock.Now(), kBatch); });
    });
    Work("clean-up", kCleanUp, [this] {
      std::string horizon;
      absl::Status status = RunTx(
          *env_.pool,
          [&](Transaction& tx) {
            horizon = PurgePublishedChanges(tx, changes_horizon_);
            return absl::OkStatus();
          },
          "CleanUp");  // the lambda around it has no name
      if (status.ok()) changes_horizon_ = horizon;
      // Also if that failed.
      status.Update(PurgeViews(*env_.pool, env_.clock.Now()));
      return status;
    });
  }
  void Stop() override {
    workers_.clear();
    subscriptions_->Stop();
    // Brings the views of the last requests to Redis at least: another replica settles them, or
    // this one after its next start.
    if (const absl::Status settled = views_.Settle(); !settled.ok()) {
      LogWarning("views wait in Redis", {{"why", settled.ToString()}});
    }
    if (const absl::Status settled = views_.SettlePending(); !settled.ok()) {
      LogError("views that waited for Redis are lost", {{"why", settled.ToString()}});
    }
  }

 private:
  void Work(const char* name, absl::Duration interval, std::function<absl::Status()> step) {
    workers_.push_back(std::make_unique<Worker>(name, interval, std::move(step)));
  }

  template <class F>
  static absl::Status UntilNothingIsLeft(F step) {
    absl::StatusOr<int> done = step();
    while (done.ok() && *done > 0) done = step();
    return done.status();
  }

  ServiceEnvironment& env_;
  const ContentSettings settings_;
  Redis redis_;
  std::shared_ptr<grpc::Channel> subscription_channel_;
  ServiceCaller subscription_caller_;
  GrpcSubscriptionClient subscription_;

  PostgresCatalogStore catalog_{*env_.pool};
  PostgresPostStore stored_posts_{*env_.pool};
  CachedPostStore posts_{stored_posts_, settings_.post_cache_bytes, settings_.read_lease,
                         env_.clock};
  PostgresManuscriptStore manuscripts_{*env_.pool, env_.outbox_signal, env_.metrics};
  PostgresMediaStore media_{*env_.pool};
  PostgresEntitlementStore entitlements_{*env_.pool};
  PostgresSearchStore search_{*env_.pool};
  ReaderAccess access_{entitlements_, subscription_, env_.clock};
  ViewCounter views_{redis_, *env_.pool, env_.clock, env_.metrics};

  PostService post_service_{posts_, catalog_, access_, views_, *env_.page_tokens, *env_.runtime};
  CatalogService catalog_service_{catalog_, *env_.page_tokens, env_.clock, *env_.runtime,
                                  settings_.change_wait};
  DeskService desk_service_{manuscripts_, catalog_,      *env_.page_tokens,
                            env_.clock,   *env_.runtime, settings_.change_wait};
  SearchService search_service_{search_, access_, *env_.page_tokens, *env_.runtime};
  MediaService media_service_{media_, env_.clock, *env_.runtime};

  std::unique_ptr<EventConsumer> subscriptions_;
  std::string changes_horizon_;  // state of the clean-up
  std::vector<std::unique_ptr<Worker>> workers_;
};

ServiceDefinition::Build Configure(Settings& env) {
  ContentSettings settings;
  settings.redis = ReadRedisOptions(env);
  settings.subscription_target =
      env.Required("SUBSCRIPTION_TARGET", "Address of subscription, as host:port or a gRPC name.");
  settings.post_cache_bytes =
      static_cast<size_t>(env.Int("POST_CACHE_MIB", 64, 0, 1 << 20,
                                  "Memory for posts that were read lately, in MiB; 0: none."))
      << 20;
  settings.read_lease = env.Duration(
      "POST_READ_LEASE", absl::Milliseconds(250),
      "How long a post is shown without asking the database whether it changed; at most 1s. An "
      "author's change is answered after the same time, and at least 250 ms. Use the same value "
      "in all replicas: while some have a longer one, they may show the previous version. "
      "Without effect if POST_CACHE_MIB is 0.");
  if (settings.read_lease > kMaxReadLease) env.AddError("POST_READ_LEASE: more than 1s");
  if (settings.post_cache_bytes == 0) settings.read_lease = absl::ZeroDuration();
  // 1 % more: the clocks of two machines do not run at the same speed.
  settings.change_wait = std::max(settings.read_lease * 1.01, kTelling);
  settings.settle_interval = env.Duration("VIEW_SETTLE_INTERVAL", absl::Seconds(2),
                                          "How often views are moved into the database.");
  settings.schedule_interval =
      env.Duration("SCHEDULE_INTERVAL", absl::Seconds(1),
                   "How often content looks for scheduled posts to publish.");
  return [settings](ServiceEnvironment& environment) {
    InitPictures();
    return std::make_unique<ContentApp>(environment, settings);
  };
}

}  // namespace
}  // namespace rostrum::content

int main(int argc, char** argv) {
  return rostrum::ServiceMain(argc, argv,
                              {.name = "content",
                               .summary = "Channels, posts, authors, topics, pictures, views.",
                               .default_port = 50053,
                               .migrations = rostrum::content::migrations::Files(),
                               .configure = rostrum::content::Configure,
                               .max_receive_bytes = rostrum::content::kMaxMessage});
}
