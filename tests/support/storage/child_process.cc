#include "tests/support/storage/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace rostrum {
namespace {

// In the child: becomes the program, or ends.
[[noreturn]] void Become(const std::vector<std::string>& command, const std::string& log_file,
                         const passwd* user) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  if (user != nullptr && getuid() == 0) {
    if (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
      _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // forgotten when the user changes
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

pid_t Start(const std::vector<std::string>& command, const std::string& log_file,
            const std::string& user) {
  const passwd* account = user.empty() ? nullptr : getpwnam(user.c_str());
  const pid_t pid = fork();
  if (pid == 0) Become(command, log_file, account);
  return pid;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const std::string& log_file,
                           const std::string& user)
    : pid_(Start(command, log_file, user)) {}

ChildProcess::~ChildProcess() { Stop(SIGTERM); }

bool ChildProcess::Running() { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }

void ChildProcess::Signal(int signal) {
  if (pid_ > 0) kill(pid_, signal);
}

void ChildProcess::Stop(int signal) {
  if (pid_ <= 0) return;
  kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RunToEnd(const std::vector<std::string>& command, const std::string& user) {
  const std::string log = NewTemporaryFolder() + "/log";
  const pid_t pid = Start(command, log, user);
  int status = 0;
  waitpid(pid, &status, 0);
  std::stringstream output;
  output << std::ifstream(log).rdbuf();
  if (status == 0) return;
  std::cerr << command[0] << " failed:\n" << output.str() << std::endl;
  std::abort();
}

namespace {
// Folders to remove when the process ends.
struct Folders {
  std::vector<std::string> paths;
  ~Folders() {
    for (const std::string& path : paths) {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  }
};
}  // namespace

std::string NewTemporaryFolder() {
  static Folders folders;
  std::string path = "/tmp/rostrum-test-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) std::abort();
  chmod(path.c_str(), 0777);
  folders.paths.push_back(path);
  return path;
}

}  // namespace rostrum
