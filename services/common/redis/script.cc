#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/base/status.h"
#include "services/common/redis/redis.h"

namespace rostrum {
namespace {

std::vector<std::string> CommandOf(const char* command, const std::string& script,
                                   const std::vector<std::string>& keys,
                                   const std::vector<std::string>& arguments) {
  std::vector<std::string> parts = {command, script, absl::StrCat(keys.size())};
  parts.insert(parts.end(), keys.begin(), keys.end());
  parts.insert(parts.end(), arguments.begin(), arguments.end());
  return parts;
}

// What a Redis Cluster places keys by: the text in the first braces, or all of the key.
absl::string_view HashTag(absl::string_view key) {
  const size_t begin = key.find('{');
  const size_t end = key.find('}', begin == absl::string_view::npos ? key.size() : begin);
  return end == absl::string_view::npos || end == begin + 1
             ? key
             : key.substr(begin + 1, end - begin - 1);
}

}  // namespace

RedisScript::RedisScript(std::string source) : source_(std::move(source)) {}

absl::StatusOr<std::string> RedisScript::Name(Redis& redis) const {
  {
    absl::MutexLock lock(&mu_);
    if (!name_.empty()) return name_;
  }
  const absl::StatusOr<RedisReply> loaded = redis.Command({"SCRIPT", "LOAD", source_});
  // Only SCRIPT LOAD was sent: the script itself has not run.
  if (Redis::MayHaveHappened(loaded.status())) return Unavailable("Redis is away");
  RETURN_IF_ERROR(loaded);
  absl::MutexLock lock(&mu_);
  name_ = loaded->text;
  return name_;
}

absl::StatusOr<RedisReply> RedisScript::Run(Redis& redis, const std::vector<std::string>& keys,
                                            const std::vector<std::string>& arguments) const {
  ASSIGN_OR_RETURN(const std::string name, Name(redis));
  absl::StatusOr<RedisReply> reply = redis.Command(CommandOf("EVALSHA", name, keys, arguments));
  if (reply.ok() || !absl::StartsWith(reply.status().message(), "NOSCRIPT")) return reply;
  // Redis was restarted and has lost the script; EVAL loads it again.
  return redis.Command(CommandOf("EVAL", source_, keys, arguments));
}

absl::StatusOr<std::vector<RedisReply>> RedisScript::RunAll(Redis& redis,
                                                            const std::vector<Call>& calls) const {
  if (calls.empty()) return std::vector<RedisReply>();
  if (calls.size() == 1) {
    ASSIGN_OR_RETURN(RedisReply reply, Run(redis, calls[0].keys, calls[0].arguments));
    return std::vector<RedisReply>{std::move(reply)};
  }
  ASSIGN_OR_RETURN(const std::string name, Name(redis));
  std::vector<std::vector<std::string>> commands;
  commands.reserve(calls.size());
  std::set<absl::string_view> loaded;
  for (const Call& call : calls) {
    // The first call of each hash tag loads the script where its keys are, so that none can fail
    // with NOSCRIPT: half a pipeline cannot be run again.
    const bool is_first =
        loaded.insert(HashTag(call.keys.empty() ? absl::string_view() : call.keys[0])).second;
    commands.push_back(is_first ? CommandOf("EVAL", source_, call.keys, call.arguments)
                                : CommandOf("EVALSHA", name, call.keys, call.arguments));
  }
  return redis.Pipeline(commands);
}

}  // namespace rostrum
