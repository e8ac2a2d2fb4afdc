#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file_descriptor.hpp"
#include "hawser/base/result.hpp"

namespace hawser::daemon::hooks {

/// A program that runs in a process group of its own, in "/", with nothing of ours but the environment that
/// it is given: no descriptor, no blocked or ignored signal, /dev/null as standard input. What it prints can
/// be read. Owns the process and all that is left of its group, which end with the object.
class ChildProcess {
 public:
  /// `environment`: "NAME=value" each. No shell is involved, and PATH is not searched.
  static Result<std::unique_ptr<ChildProcess>, std::error_code> start(
      const std::string& program, const std::vector<std::string>& environment);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// A descriptor that becomes readable when the program ends.
  [[nodiscard]] int exit_descriptor() const { return exit_.get(); }
  /// Where standard output and standard error can be read, without blocking.
  [[nodiscard]] int output_descriptor() const { return output_.get(); }
  [[nodiscard]] bool has_ended() const;
  /// To the whole process group.
  void signal(int number) const;
  /// Kills what the program left behind in its group, and returns its wait status (wait(2)). Waits for it if
  /// it has not ended.
  int reap();

 private:
  ChildProcess(pid_t pid, FileDescriptor exit, FileDescriptor output)
      : pid_(pid), exit_(std::move(exit)), output_(std::move(output)) {}

  pid_t pid_;  ///< of the program, and of its process group; 0: reaped
  FileDescriptor exit_;
  FileDescriptor output_;
};

}  // namespace hawser::daemon::hooks
