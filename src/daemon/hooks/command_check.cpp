#include "daemon/hooks/command_check.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace hawser::daemon::hooks {
namespace {

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

// Why the program may not run; empty: it may.
std::string refusal(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return std::generic_category().message(errno);
  if (!S_ISREG(file.st_mode)) return "not a regular file";
  if (::access(path.c_str(), X_OK) != 0) return "not executable (mode " + octal(file.st_mode) + ")";
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return "a program that others may change (mode " + octal(file.st_mode) + "), run: chmod go-w " + path;
  }
  if (file.st_uid != 0 && file.st_uid != ::geteuid()) {
    return "a program that its owner, user " + std::to_string(file.st_uid) +
           ", may change, run: chown root " + path;
  }
  return {};
}

}  // namespace

config::ConfigErrors check_hook_command(const config::Config& config) {
  if (!config.hooks) return {};
  const std::string problem = refusal(config.hooks->command);
  if (problem.empty()) return {};
  // No "allowed": the text may end in a command that users copy.
  return {
      {config.file, config.hooks->command_line, "hooks.command", config.hooks->command + ": " + problem, ""}};
}

}  // namespace hawser::daemon::hooks
