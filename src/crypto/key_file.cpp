#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/file_descriptor.hpp"
#include "hawser/crypto/keys.hpp"

namespace hawser::crypto {
namespace {

// Bytes; longer than any key, so that a file that is too long does not look like a key.
constexpr std::size_t kMaxRead = 256;

std::string system_text(int error) {
  return std::generic_category().message(error);
}

// The path, quoted for a shell where necessary.
std::string quoted(const std::string& path) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:@,%=";
  if (!path.empty() && path.find_first_not_of(kPlain) == std::string::npos) return path;
  std::string out = "'";
  for (const char c : path) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777U));
  return text;
}

// Why the file must not be used; empty: it may. Checks the open file, because the path may be replaced
// in the meantime.
std::string refusal(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return path + ": " + system_text(errno);
  if (!S_ISREG(status.st_mode)) return path + ": not a regular file";
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return path + ": other users may access the key (mode " + octal(status.st_mode) + "); run: chmod 600 " +
           quoted(path);
  }
  return {};
}

// The content of the file, cut off after kMaxRead bytes.
Result<SecretBytes, KeyFileError> read_file(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not block the program.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0) return KeyFileError{path + ": " + system_text(errno)};
  if (std::string text = refusal(file.get(), path); !text.empty()) return KeyFileError{std::move(text)};
  SecretBytes content(kMaxRead);
  std::size_t used = 0;
  while (used < content.size()) {
    const ssize_t got = ::read(file.get(), content.writable().data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return KeyFileError{path + ": " + system_text(errno)};
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  content.shrink(used);
  return content;
}

template <class Key>
Result<Key, KeyFileError> load(const std::string& path) {
  const auto content = read_file(path);
  if (!content) return content.error();
  const Bytes bytes = content->view();
  auto key = Key::from_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!key) return KeyFileError{path + ": the key " + std::string(describe(key.error()))};
  return std::move(*key);
}

}  // namespace

Result<PrivateKey, KeyFileError> load_private_key_file(const std::string& path) {
  return load<PrivateKey>(path);
}

Result<PresharedKey, KeyFileError> load_preshared_key_file(const std::string& path) {
  return load<PresharedKey>(path);
}

}  // namespace hawser::crypto
