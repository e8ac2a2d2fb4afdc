#include "daemon/hooks/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace hawser::daemon::hooks {
namespace {

std::error_code system_error(int number) {
  return {number, std::generic_category()};
}

// The wrapper pidfd_open() exists since glibc 2.36 only.
int open_pid(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

/// The actions of posix_spawn(3) between fork and exec. Owns them.
class Plan {
 public:
  explicit Plan(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawn_file_actions_addchdir_np(&actions_, "/");
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~Plan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// Returns 0 or an errno, which may be that of exec.
  int spawn(pid_t& pid, const std::string& program, const std::vector<std::string>& environment) const {
    std::array<char*, 2> arguments{const_cast<char*>(program.c_str()), nullptr};
    std::vector<char*> variables;
    variables.reserve(environment.size() + 1);
    for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
    variables.push_back(nullptr);
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments.data(), variables.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<std::unique_ptr<ChildProcess>, std::error_code> ChildProcess::start(
    const std::string& program, const std::vector<std::string>& environment) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return system_error(errno);
  FileDescriptor output(pipe[0]);
  const FileDescriptor input(pipe[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);  // our end only: programs expect theirs to block
  pid_t pid = 0;
  const int error = Plan(input.get()).spawn(pid, program, environment);
  if (error != 0) return system_error(error);
  FileDescriptor exit(open_pid(pid));
  const int exit_error = errno;
  std::unique_ptr<ChildProcess> child(new ChildProcess(pid, std::move(exit), std::move(output)));
  if (child->exit_.get() < 0) return system_error(exit_error);
  return child;
}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) {
    signal(SIGKILL);
    reap();
  }
}

bool ChildProcess::has_ended() const {
  siginfo_t info{};
  return pid_ == 0 || (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
                       info.si_pid != 0);
}

void ChildProcess::signal(int number) const {
  if (pid_ != 0) ::kill(-pid_, number);
}

// The group is killed before its leader is reaped: until then, no other group can have its number.
int ChildProcess::reap() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  signal(SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

}  // namespace hawser::daemon::hooks
