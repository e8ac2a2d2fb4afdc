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
bool write_file(const std::string& path, std::string_view text, bool wait) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return false;
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return !wait || ::fdatasync(file.get()) == 0;
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
  std::error_code error;
  fs::create_directories(fs::path(path_).parent_path(), error);
  const std::string fresh = path_ + ".tmp";
  if (!write_file(fresh, text, wait) || ::rename(fresh.c_str(), path_.c_str()) != 0) {
    problem_ = path_ + ": cannot be written: " + reason(errno);
    return false;
  }
  if (!wait) return true;
  // The rename has to be on disk as well.
  const FileDescriptor directory(
      ::open(fs::path(path_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
  return true;
}

}  // namespace hawser::daemon
