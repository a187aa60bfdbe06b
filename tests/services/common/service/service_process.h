#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace rostrum {

using Environment = std::map<std::string, std::string>;

// The executable of a service with exactly these variables. Killed at the end
// if it still runs.
class ServiceProcess {
 public:
  ServiceProcess(const std::vector<std::string>& command, const Environment& environment);
  ~ServiceProcess();

  void Signal(int signal);
  // Waits for its end: the exit code, or -1 if a signal ended it. Kills it after
  // a minute.
  int Wait();
  // What it has written so far.
  std::string Output() const;
  std::string Errors() const;
  // The port that it says it listens on; 0 if it ends or takes too long.
  int Port();

 private:
  bool Ended();

  const std::string folder_;
  pid_t pid_ = -1;
  int status_ = 0;
};

// A connection of its own.
std::shared_ptr<grpc::Channel> ChannelTo(int port);

// True if the health service says SERVING before `deadline`; false if it says
// something else, or nothing, until then.
bool BecomesHealthy(int port, const std::string& service, absl::Time deadline);
// What it says now.
bool IsHealthy(int port, const std::string& service);

}  // namespace rostrum
