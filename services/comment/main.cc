#include "comment_migrations.h"
#include "services/comment/comment_service.h"
#include "services/comment/content_client.h"
#include "services/comment/feed_client.h"
#include "services/comment/postgres_comment_store.h"
#include "services/common/events/display_names.h"
#include "services/common/events/event_consumer.h"
#include "services/common/redis/redis.h"
#include "services/common/redis/redis_settings.h"
#include "services/common/redis/throttle.h"
#include "services/common/service/service_main.h"

namespace rostrum::comment {
namespace {

struct CommentSettings {
  RedisOptions redis;
  std::string content_target;
  std::string feed_target;
  std::string account_target;
  CommentLimits limits;
};

constexpr int kMaxLimit = 1'000'000;

constexpr char kKnownCommenters[] = R"sql(
  SELECT account_id FROM commenters WHERE account_id > $1 ORDER BY account_id LIMIT 100)sql";

class CommentApp final : public ServiceApp {
 public:
  CommentApp(ServiceEnvironment& env, const CommentSettings& settings)
      : env_(env),
        redis_(settings.redis, env.metrics),
        throttle_(redis_, env.clock),
        store_(*env.pool, env.outbox_signal, env.metrics),
        content_(env.ChannelTo(settings.content_target), *env.signer, env.metrics),
        feed_(env.ChannelTo(settings.feed_target), *env.signer, env.metrics),
        account_channel_(env.ChannelTo(settings.account_target)),
        account_caller_(*env.signer, "account", absl::Seconds(2), env.metrics),
        service_(store_, content_, feed_, throttle_, *env.page_tokens, env.clock, *env.runtime,
                 settings.limits) {}

  std::vector<grpc::Service*> services() override { return {&service_}; }

  void Start() override {
    accounts_ = std::make_unique<EventConsumer>(*env_.pool, account_channel_, account_caller_,
                                                names_.ConsumerOptions());
  }
  void Stop() override { accounts_->Stop(); }

 private:
  ServiceEnvironment& env_;
  Redis redis_;
  RedisThrottle throttle_;
  PostgresCommentStore store_;
  GrpcContentClient content_;
  GrpcFeedClient feed_;
  std::shared_ptr<grpc::Channel> account_channel_;
  ServiceCaller account_caller_;
  DisplayNames names_{*env_.pool,
                      account_channel_,
                      account_caller_,
                      {.known_sql = kKnownCommenters, .rename = RenameCommenter}};
  CommentService service_;
  std::unique_ptr<EventConsumer> accounts_;
};

ServiceDefinition::Build Configure(Settings& env) {
  CommentSettings settings;
  settings.redis = ReadRedisCacheOptions(env);
  settings.content_target =
      env.Required("CONTENT_TARGET", "Address of content, as host:port or a gRPC name.");
  settings.feed_target =
      env.Required("FEED_TARGET", "Address of feed, as host:port or a gRPC name.");
  settings.account_target =
      env.Required("ACCOUNT_TARGET", "Address of account, as host:port or a gRPC name.");
  settings.limits.per_minute.burst =
      env.Int("COMMENT_LIMIT_PER_MINUTE", settings.limits.per_minute.burst, 1, kMaxLimit,
              "Comments of one account in a minute.");
  settings.limits.per_day.burst = env.Int("COMMENT_LIMIT_PER_DAY", settings.limits.per_day.burst, 1,
                                          kMaxLimit, "Comments of one account in a day.");
  return [settings](ServiceEnvironment& environment) {
    return std::make_unique<CommentApp>(environment, settings);
  };
}

}  // namespace
}  // namespace rostrum::comment

int main(int argc, char** argv) {
  return rostrum::ServiceMain(argc, argv,
                              {.name = "comment",
                               .summary = "The discussion of posts and in VIP rooms.",
                               .default_port = 50055,
                               .migrations = rostrum::comment::migrations::Files(),
                               .configure = rostrum::comment::Configure});
}
