#include "feed_migrations.h"
#include "rostrum/content/v1/events.pb.h"
#include "services/common/base/status.h"
#include "services/common/events/display_names.h"
#include "services/common/service/service_main.h"
#include "services/feed/content_client.h"
#include "services/feed/feed_service.h"
#include "services/feed/follow_service.h"
#include "services/feed/post_projection.h"
#include "services/feed/postgres_feed_store.h"
#include "services/feed/postgres_follow_store.h"
#include "services/feed/postgres_room_store.h"
#include "services/feed/room_service.h"
#include "services/feed/settings.h"

namespace rostrum::feed {
namespace {

constexpr absl::Duration kCleanUpInterval = absl::Minutes(10);

class FeedApp final : public ServiceApp {
 public:
  FeedApp(ServiceEnvironment& env, const FeedSettings& settings)
      : ServiceApp(env),
        content_events_(env.SourceOf("content", env.ChannelTo(settings.content_target))),
        account_(env.SourceOf("account", env.ChannelTo(settings.account_target))),
        content_(content_events_.channel, *env.signer, env.metrics),
        subscription_(env.ChannelTo(settings.subscription_target), *env.signer, env.metrics),
        follow_store_(*env.pool),
        feed_store_(*env.pool),
        room_store_(*env.pool),
        follows_(follow_store_, content_, *env.page_tokens, env.clock, *env.runtime),
        feeds_(feed_store_, *env.page_tokens, *env.runtime),
        rooms_(room_store_, content_, subscription_, *env.page_tokens, env.clock, *env.runtime) {}

  std::vector<grpc::Service*> services() override { return {&follows_, &feeds_, &rooms_}; }

  void Start() override {
    Consume(content_events_,
            {.handlers = {{content::v1::PostPublished::descriptor()->full_name(), Published},
                          {content::v1::PostUnpublished::descriptor()->full_name(), Unpublished}},
             .resync = [this](const EventConsumer::Fence& fence) {
               return ResyncPosts(*env_.pool, content_, fence);
             }});
    Consume(account_, names_.ConsumerOptions());
    Every("clean-up", kCleanUpInterval,
          [this] { return PurgeMemberNames(*env_.pool, env_.clock.Now()); });
  }

 private:
  static absl::Status Published(Transaction& tx, const event::v1::Event& event) {
    content::v1::PostPublished published;
    if (!event.payload().UnpackTo(&published)) return absl::InternalError("not a PostPublished");
    return ApplyPublished(tx, published.post());
  }

  static absl::Status Unpublished(Transaction& tx, const event::v1::Event& event) {
    content::v1::PostUnpublished unpublished;
    if (!event.payload().UnpackTo(&unpublished)) {
      return absl::InternalError("not a PostUnpublished");
    }
    ApplyUnpublished(tx, PostId(unpublished.post_id()));
    return absl::OkStatus();
  }

  EventSource content_events_;
  EventSource account_;
  GrpcContentClient content_;
  GrpcSubscriptionClient subscription_;
  PostgresFollowStore follow_store_;
  PostgresFeedStore feed_store_;
  PostgresRoomStore room_store_;
  FollowService follows_;
  FeedService feeds_;
  RoomService rooms_;
  DisplayNames names_{
      *env_.pool,
      account_,
      {.known_sql = kKnownNames,
       .rename = [this](Transaction& tx, const AccountId& id, const std::string& display_name) {
         RenameRoomMember(tx, id, display_name, env_.clock.Now());
       }}};
};

ServiceDefinition::Build Configure(Settings& env) {
  const FeedSettings settings = ReadFeedSettings(env);
  return [settings](ServiceEnvironment& environment) {
    return std::make_unique<FeedApp>(environment, settings);
  };
}

}  // namespace
}  // namespace rostrum::feed

int main(int argc, char** argv) {
  return rostrum::ServiceMain(argc, argv,
                              {.name = "feed",
                               .summary = "Follows, personal feeds, VIP rooms.",
                               .default_port = 50054,
                               .migrations = rostrum::feed::migrations::Files(),
                               .configure = rostrum::feed::Configure});
}
