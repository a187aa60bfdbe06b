#include <memory>
#include <vector>

#include "content_migrations.h"
#include "rostrum/subscription/v1/events.pb.h"
#include "services/common/base/log.h"
#include "services/common/postgres/transaction.h"
#include "services/common/redis/redis.h"
#include "services/common/service/service_main.h"
#include "services/content/batches.h"
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
#include "services/content/settings.h"
#include "services/content/subscription_client.h"
#include "services/content/view_counter.h"

namespace rostrum::content {
namespace {

constexpr absl::Duration kCleanUpInterval = absl::Minutes(10);
// How many posts one transaction publishes or announces.
constexpr int kBatch = 100;
// A picture of the largest size, and the rest of its message.
constexpr size_t kMaxMessage = kMaxPictureBytes + (64 << 10);

class ContentApp final : public ServiceApp {
 public:
  ContentApp(ServiceEnvironment& env, const ContentSettings& settings)
      : ServiceApp(env),
        settings_(settings),
        redis_(settings.redis, env.metrics),
        subscription_events_(
            env.SourceOf("subscription", env.ChannelTo(settings.subscription_target))),
        subscription_(subscription_events_.channel, *env.signer, env.metrics) {}

  std::vector<grpc::Service*> services() override {
    return {&post_service_, &catalog_service_, &search_service_, &desk_service_, &media_service_};
  }

  void Start() override {
    Consume(
        subscription_events_,
        {.handlers = {{subscription::v1::EntitlementChanged::descriptor()->full_name(),
                       ApplyEntitlementChanged}},
         // Needs no snapshot: content asks subscription for entitlements that it does not have.
         .resync = [this](const EventConsumer::Fence& fence) { return entitlements_.Clear(fence); },
         .replay = true});
    Every("views", settings_.settle_interval, [this] { return views_.Settle(); });
    Every("scheduled-posts", settings_.schedule_interval, [this] {
      return batches_.Run([this] { return manuscripts_.PublishDue(env_.clock.Now(), kBatch); });
    });
    Every("announcements", settings_.schedule_interval, [this] {
      return batches_.Run(
          [this] { return manuscripts_.AnnounceChanges(env_.clock.Now(), kBatch); });
    });
    Every("clean-up", kCleanUpInterval, [this] {
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
    batches_.Stop();
    StopWork();
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
  const ContentSettings settings_;
  Redis redis_;
  EventSource subscription_events_;
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

  Batches batches_;
  std::string changes_horizon_;  // state of the clean-up
};

ServiceDefinition::Build Configure(Settings& env) {
  const ContentSettings settings = ReadContentSettings(env);
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
