#include "daemon/hooks/command_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/file_descriptor.hpp"
#include "crypto/file_trust.hpp"

namespace hawser::daemon::hooks {
namespace {

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

// Why the program may not run; empty: it may.
std::string refusal(const std::string& path) {
  // O_PATH: a program that may be run need not be readable.
  const FileDescriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
    return path + ": " + std::generic_category().message(errno);
  if (!S_ISREG(status.st_mode)) return path + ": not a regular file";
  if (::access(path.c_str(), X_OK) != 0)
    return path + ": not executable (mode " + octal(status.st_mode) + ")";
  return crypto::file_refusal(file.get(), path, {});
}

}  // namespace

config::ConfigErrors check_hook_command(const config::Config& config) {
  if (!config.hooks) return {};
  const std::string problem = refusal(config.hooks->command);
  if (problem.empty()) return {};
  // No "allowed": the text may end in a command that users copy.
  return {{config.file, config.hooks->command_line, "hooks.command", problem, ""}};
}

}  // namespace hawser::daemon::hooks
