#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/redis/redis.h"

namespace rostrum {

RedisScript::RedisScript(std::string source) : source_(std::move(source)) {}

std::string RedisScript::KnownName() const {
  absl::MutexLock lock(&mu_);
  return name_;
}

absl::StatusOr<RedisReply> RedisScript::Run(Redis& redis, const std::vector<std::string>& keys,
                                            const std::vector<std::string>& arguments) const {
  std::string name = KnownName();
  if (name.empty()) {
    ASSIGN_OR_RETURN(RedisReply loaded, redis.Command({"SCRIPT", "LOAD", source_}));
    name = loaded.text;
    absl::MutexLock lock(&mu_);
    name_ = name;
  }
  std::vector<std::string> command = {"EVALSHA", name, absl::StrCat(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  absl::StatusOr<RedisReply> reply = redis.Command(command);
  if (reply.ok() || !absl::StartsWith(reply.status().message(), "NOSCRIPT")) return reply;
  // Redis was restarted; EVAL makes it know the script again.
  command[0] = "EVAL";
  command[1] = source_;
  return redis.Command(command);
}

}  // namespace rostrum
