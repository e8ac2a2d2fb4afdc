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

/// A program in a process group of its own. It runs in "/" with /dev/null as standard input and with the
/// given environment, and inherits nothing else: no descriptor, no blocked or ignored signal. Its output can
/// be read. Owns the process and what is left of its group: the destructor kills both.
class ChildProcess {
 public:
  /// `environment`: "NAME=value" each. Uses no shell and does not search PATH. The error is that of exec,
  /// too.
  static Result<std::unique_ptr<ChildProcess>, std::error_code> start(
      const std::string& program, const std::vector<std::string>& environment);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Becomes readable when the program ends.
  [[nodiscard]] int exit_descriptor() const { return exit_.get(); }
  /// Standard output and standard error of the program; reading does not block.
  [[nodiscard]] int output_descriptor() const { return output_.get(); }
  /// Whether the program has ended.
  [[nodiscard]] bool has_ended() const;
  /// Sends a signal to the whole process group.
  void signal(int number) const;
  /// Waits until the program has ended, kills what is left of its group, and returns the wait status of the
  /// program (wait(2)).
  int reap();

 private:
  ChildProcess(pid_t pid, FileDescriptor exit, FileDescriptor output)
      : pid_(pid), exit_(std::move(exit)), output_(std::move(output)) {}

  pid_t pid_;  ///< of the program and of its process group; 0: reaped
  FileDescriptor exit_;
  FileDescriptor output_;
};

}  // namespace hawser::daemon::hooks
