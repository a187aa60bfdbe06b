#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace rostrum {

// A program that runs as long as this object, and dies with the test however
// that ends. Dies itself if it cannot be started.
class ChildProcess {
 public:
  // Output goes to `log_file`. Root becomes `user` first, if one is given.
  ChildProcess(const std::vector<std::string>& command, const std::string& log_file,
               const std::string& user = "");
  // Stops it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Sends a signal and, if it ends the program, waits for that.
  void Signal(int signal);
  void Stop(int signal);
  bool Running();

 private:
  pid_t pid_;
};

// Runs a program to its end. Dies with its output unless it exits with 0.
void RunToEnd(const std::vector<std::string>& command, const std::string& user = "");

// A new empty folder that every user may enter, removed at the end of the test
// binary.
std::string NewTemporaryFolder();

}  // namespace rostrum
