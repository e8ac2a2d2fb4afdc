#include "daemon/state_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/file_descriptor.hpp"

namespace hawser::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileSize = 1U << 20;

// False: errno has the reason.
bool write_all(int fd, std::string_view text, bool wait) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return !wait || ::fdatasync(fd) == 0;
}

// Writes a new file, never through a link or into a file that exists: a name that a crash or another program
// left is removed first. False: errno has the reason, and the name does not exist.
bool write_file(const std::string& path, std::string_view text, bool wait) {
  constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) return false;
  const FileDescriptor file(::open(path.c_str(), kNew, 0600));
  if (file.get() < 0) return false;
  if (write_all(file.get(), text, wait)) return true;
  const int error = errno;
  ::unlink(path.c_str());
  errno = error;
  return false;
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

std::optional<std::string> StateFile::load() {
  problem_.clear();
  std::error_code error;
  if (!fs::exists(path_, error) && !error) return std::nullopt;
  std::ifstream in(path_, std::ios::binary);
  std::string text(kMaxFileSize, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.eof() && !in.bad()) return text;
  problem_ = path_ + ": cannot be read: " + (error ? error.message() : reason(errno));
  keep_aside();
  return std::nullopt;
}

void StateFile::keep_damaged() {
  problem_ = path_ + ": damaged";
  keep_aside();
}

void StateFile::keep_aside() {
  for (int number = 1; number < 100; ++number) {
    const std::string aside = path_ + (number == 1 ? ".damaged" : ".damaged-" + std::to_string(number));
    std::error_code error;
    if (fs::exists(aside, error)) continue;
    fs::rename(path_, aside, error);
    problem_ += error ? ", and cannot be renamed: " + error.message() : ", kept as " + aside;
    return;
  }
}

bool StateFile::save(std::string_view text, bool wait) {
  problem_.clear();
  const std::string folder = fs::path(path_).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    problem_ = path_ + ": cannot be written: " + folder + ": " + error.message();
    return false;
  }
  const std::string fresh = path_ + ".tmp";
  if (!write_file(fresh, text, wait)) {
    problem_ = path_ + ": cannot be written: " + reason(errno);
    return false;
  }
  if (::rename(fresh.c_str(), path_.c_str()) != 0) {
    problem_ = path_ + ": cannot be written: " + reason(errno);
    ::unlink(fresh.c_str());
    return false;
  }
  if (!wait) return true;
  // The rename has to be on disk as well.
  const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
  return true;
}

}  // namespace hawser::daemon
