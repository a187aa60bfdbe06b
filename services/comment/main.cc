#include "comment_migrations.h"
#include "services/comment/comment_service.h"
#include "services/comment/content_client.h"
#include "services/comment/feed_client.h"
#include "services/comment/postgres_comment_store.h"
#include "services/comment/settings.h"
#include "services/common/events/display_names.h"
#include "services/common/redis/redis.h"
#include "services/common/redis/throttle.h"
#include "services/common/service/service_main.h"

namespace rostrum::comment {
namespace {

constexpr char kKnownCommenters[] = R"sql(
  SELECT account_id FROM commenters WHERE account_id > $1 ORDER BY account_id LIMIT 100)sql";

class CommentApp final : public ServiceApp {
 public:
  CommentApp(ServiceEnvironment& env, const CommentSettings& settings)
      : ServiceApp(env),
        redis_(settings.redis, env.metrics),
        throttle_(redis_, env.clock),
        store_(*env.pool, env.outbox_signal, env.metrics),
        content_(env.ChannelTo(settings.content_target), *env.signer, env.metrics),
        feed_(env.ChannelTo(settings.feed_target), *env.signer, env.metrics),
        account_(env.SourceOf("account", env.ChannelTo(settings.account_target))),
        service_(store_, content_, feed_, throttle_, *env.page_tokens, env.clock, *env.runtime,
                 settings.limits) {}

  std::vector<grpc::Service*> services() override { return {&service_}; }

  void Start() override { Consume(account_, names_.ConsumerOptions()); }

 private:
  Redis redis_;
  RedisThrottle throttle_;
  PostgresCommentStore store_;
  GrpcContentClient content_;
  GrpcFeedClient feed_;
  EventSource account_;
  DisplayNames names_{
      *env_.pool, account_, {.known_sql = kKnownCommenters, .rename = RenameCommenter}};
  CommentService service_;
};

ServiceDefinition::Build Configure(Settings& env) {
  const CommentSettings settings = ReadCommentSettings(env);
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
