#include "tests/services/common/service/service_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "nlohmann/json.hpp"
#include "tests/support/storage/child_process.h"

namespace rostrum {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(20);

std::string ReadAll(const std::string& path) {
  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

ServiceProcess::ServiceProcess(const std::vector<std::string>& command,
                               const Environment& environment)
    : folder_(NewTemporaryFolder()) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(absl::StrCat(name, "=", value));
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&files, 1, (folder_ + "/out").c_str(), flags, 0644);
  posix_spawn_file_actions_addopen(&files, 2, (folder_ + "/err").c_str(), flags, 0644);
  if (posix_spawn(&pid_, command[0].c_str(), &files, nullptr, Pointers(arguments).data(),
                  Pointers(variables).data()) != 0) {
    pid_ = -1;
  }
  posix_spawn_file_actions_destroy(&files);
}

ServiceProcess::~ServiceProcess() {
  if (!Ended()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void ServiceProcess::Signal(int signal) {
  if (!Ended()) kill(pid_, signal);
}

bool ServiceProcess::Ended() {
  if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
  return pid_ <= 0;
}

int ServiceProcess::Wait() {
  const absl::Time deadline = absl::Now() + absl::Minutes(1);
  while (!Ended()) {
    if (absl::Now() > deadline) kill(pid_, SIGKILL);
    absl::SleepFor(kPoll);
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

std::string ServiceProcess::Output() const { return ReadAll(folder_ + "/out"); }

std::string ServiceProcess::Errors() const { return ReadAll(folder_ + "/err"); }

int ServiceProcess::Port() {
  const absl::Time deadline = absl::Now() + absl::Minutes(1);
  while (absl::Now() < deadline && !Ended()) {
    std::istringstream log(Errors());
    for (std::string line; std::getline(log, line);) {
      const nlohmann::json entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (entry.is_object() && entry.value("msg", "") == "listening") {
        return entry.at("port").get<int>();
      }
    }
    absl::SleepFor(kPoll);
  }
  return 0;
}

std::shared_ptr<grpc::Channel> ChannelTo(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                   grpc::InsecureChannelCredentials(), arguments);
}

// Without generated code, which Debian has not for the health service:
// HealthCheckRequest.service and HealthCheckResponse.status are field 1 each.
bool IsHealthy(int port, const std::string& service) {
  std::string request;
  if (!service.empty())
    request = "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer bytes(&slice, 1);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  grpc::GenericStub stub(ChannelTo(port));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", bytes, &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  grpc::Slice whole;
  if (!status.ok() || !answer.DumpToSingleSlice(&whole).ok()) return false;
  return std::string(whole.begin(), whole.end()) == "\x08\x01";
}

bool BecomesHealthy(int port, const std::string& service, absl::Time deadline) {
  while (!IsHealthy(port, service)) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(kPoll);
  }
  return true;
}

}  // namespace rostrum
