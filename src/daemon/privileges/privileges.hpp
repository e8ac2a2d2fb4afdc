#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "daemon/config/config.hpp"

namespace hawser::daemon::privileges {

/// The rights of the process: which user it becomes after its set-up, and which capabilities stay. The
/// decision record 0014 has the reasons. Owns nothing; it changes the process as a whole, so drop() runs
/// before any other thread exists.
class Privileges {
 public:
  static constexpr const char* kDefaultUser = "hawser";

  /// `user`: the name that was asked for; none: kDefaultUser, if it exists. Without the rights of root, the
  /// process stays the user that it is. Throws std::invalid_argument for a name that cannot be used.
  explicit Privileges(const std::optional<std::string>& user);

  /// The group that may read key files, so that they can be read again after drop(); none: stays root.
  [[nodiscard]] std::optional<gid_t> key_readers() const;
  /// Checks that the hook program can be run after drop(), in addition to hooks::check_hook_command(). Empty:
  /// it can.
  [[nodiscard]] config::ConfigErrors check_hooks(const config::Config& config) const;

  /// Creates the directories of the control socket and of the state files if they are missing, for the user
  /// that the process becomes. Those of the package are given to that user if root owns them. Throws
  /// std::system_error, or std::runtime_error if the user cannot make the control socket.
  void prepare_directories(const config::InterfaceConfig& config) const;

  /// Becomes the user; keeps CAP_NET_ADMIN, CAP_NET_RAW, and CAP_NET_BIND_SERVICE for listening ports below
  /// 1024; gives all others up permanently, also for the hook programs, which keep CAP_NET_ADMIN and
  /// CAP_NET_RAW; installs the system call filter. Throws std::system_error.
  void drop(const config::InterfaceConfig& config) const;

 private:
  /// The user that the process becomes.
  struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
  };
  static std::optional<Account> find(const std::string& name);
  [[nodiscard]] int access_as_user(const std::string& path, int mode) const;
  void prepare_directory(const std::string& path, const std::string& packaged, mode_t mode) const;
  void become_user() const;

  std::optional<Account> account_;  ///< none: stays the user that it is
};

}  // namespace hawser::daemon::privileges
