#include "daemon/privileges/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "base/file_descriptor.hpp"
#include "daemon/privileges/capabilities.hpp"
#include "daemon/privileges/system_call_filter.hpp"

namespace hawser::daemon::privileges {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kFirstFreePort = 1024;  // listening on lower ones needs CAP_NET_BIND_SERVICE
// What the package has for all tunnels.
constexpr const char* kRunDirectory = "/run/hawser";
constexpr const char* kStateDirectory = "/var/lib/hawser";

[[noreturn]] void fail(const std::string& what, int error = errno) {
  throw std::system_error(error, std::generic_category(), what);
}

bool listens_below_1024(const config::InterfaceConfig& config) {
  return std::ranges::any_of(config.listen,
                             [](const UdpAddress& each) { return each.port < kFirstFreePort; });
}

// The files of a directory that only root can change at this moment.
void give_files(const fs::path& directory, uid_t uid, gid_t gid) {
  for (const fs::directory_entry& each : fs::directory_iterator(directory)) {
    if (each.symlink_status().type() == fs::file_type::regular &&
        ::lchown(each.path().c_str(), uid, gid) != 0)
      fail(each.path().string() + ": cannot be given to user " + std::to_string(uid));
  }
}

void filter_system_calls() {
  const int error = install_system_call_filter();
  if (error == ENOSYS) {
    spdlog::warn("the kernel has no filter of system calls (CONFIG_SECCOMP_FILTER)");
  } else if (error != 0) {
    fail("cannot filter system calls", error);
  }
}

}  // namespace

std::optional<Privileges::Account> Privileges::find(const std::string& name) {
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  return Account{name, entry->pw_uid, entry->pw_gid};
}

Privileges::Privileges(const std::optional<std::string>& user) {
  const std::string name = user.value_or(kDefaultUser);
  if (::geteuid() != 0) {
    if (user) throw std::invalid_argument("--user " + name + ": only root can become another user");
    return;
  }
  auto account = find(name);
  if (!account && user) throw std::invalid_argument("--user " + name + ": no such user");
  if (account && account->uid != 0) account_ = std::move(account);
  if (account_ || user) return;
  spdlog::warn(
      "no user {0}: keeping the user root; run: useradd --system --user-group --no-create-home --shell "
      "/usr/sbin/nologin {0}",
      name);
}

std::optional<gid_t> Privileges::key_readers() const {
  return account_ && account_->gid != 0 ? std::optional(account_->gid) : std::nullopt;
}

// Whether the user may do that: 0 or an errno. Becomes the user for a moment, as the directories on the way
// count, too.
int Privileges::access_as_user(const std::string& path, int mode) const {
  std::array<gid_t, 256> groups{};
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  const gid_t group = ::getegid();
  if (count < 0 || ::setgroups(0, nullptr) != 0 || ::setegid(account_->gid) != 0 ||
      ::seteuid(account_->uid) != 0)
    fail("cannot become user " + account_->name);
  const int error = ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
  if (::seteuid(0) != 0 || ::setegid(group) != 0 ||
      ::setgroups(static_cast<std::size_t>(count), groups.data()) != 0)
    fail("cannot become root again");
  return error;
}

config::ConfigErrors Privileges::check_hooks(const config::Config& config) const {
  if (!config.hooks || !account_) return {};
  const std::string& command = config.hooks->command;
  const int error = access_as_user(command, X_OK);
  if (error == 0) return {};
  return {{config.file, config.hooks->command_line, "hooks.command",
           command + ": user " + account_->name + " cannot run it: " + std::generic_category().message(error),
           "a program that user " + account_->name + " may run, in directories that it may enter"}};
}

// --- directories

void Privileges::prepare_directories(const config::InterfaceConfig& config) const {
  if (!account_) return;
  const std::string run = fs::path(config.control_socket).parent_path();
  prepare_directory(run, kRunDirectory, 0755);
  if (const int error = access_as_user(run, W_OK | X_OK); error != 0) {
    throw std::runtime_error("control socket " + config.control_socket + ": user " + account_->name +
                             " cannot make it; use a directory of its own, such as " + kRunDirectory);
  }
  prepare_directory(config.state_directory, kStateDirectory, 0700);
  if (access_as_user(config.state_directory, W_OK | X_OK) != 0) {
    spdlog::warn("{}: user {} cannot write here; run: chown {} {}", config.state_directory, account_->name,
                 account_->name, config.state_directory);
  }
}

// Gives the directory to the user only if it is new or one of the package: the configuration may name any.
void Privileges::prepare_directory(const std::string& path, const std::string& packaged, mode_t mode) const {
  const fs::path directory(path);
  fs::create_directories(directory.parent_path());
  const bool made = ::mkdir(path.c_str(), mode) == 0;
  if (!made && errno != EEXIST) fail(path + ": cannot be created");
  if (!made && path != packaged) return;
  // O_PATH: the directory of another user need not be readable for root without all of its rights.
  const FileDescriptor open(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (open.get() < 0 || ::fstat(open.get(), &status) != 0) fail(path + ": cannot be opened");
  if (status.st_uid != 0) return;
  give_files(directory, account_->uid, account_->gid);
  if (::fchownat(open.get(), "", account_->uid, account_->gid, AT_EMPTY_PATH) != 0)
    fail(path + ": cannot be given to user " + account_->name);
}

// --- the end of the set-up

// Each step needs a right that a later one gives up.
void Privileges::drop(const config::InterfaceConfig& config) const {
  const CapabilitySet for_hooks = capability(CAP_NET_ADMIN) | capability(CAP_NET_RAW);
  const CapabilitySet keep = for_hooks | (listens_below_1024(config) ? capability(CAP_NET_BIND_SERVICE) : 0);
  limit_capabilities(keep);
  if (account_) become_user();
  const CapabilitySet kept = keep & permitted_capabilities();
  keep_capabilities(kept);
  pass_on_capabilities(kept & for_hooks);
  // A change of the user made the memory accessible to debuggers of that user.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) fail("cannot keep keys out of core dumps");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("cannot refuse new privileges");
  filter_system_calls();
  spdlog::info("running as user {}, capabilities: {}",
               account_ ? account_->name : std::to_string(::geteuid()), to_string(kept));
}

void Privileges::become_user() const {
  if (::prctl(PR_SET_KEEPCAPS, 1) != 0 || ::setgroups(0, nullptr) != 0 ||
      ::setresgid(account_->gid, account_->gid, account_->gid) != 0 ||
      ::setresuid(account_->uid, account_->uid, account_->uid) != 0)
    fail("cannot become user " + account_->name);
}

}  // namespace hawser::daemon::privileges
