#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/file_descriptor.hpp"
#include "crypto/file_trust.hpp"
#include "hawser/crypto/keys.hpp"

namespace hawser::crypto {
namespace {

// Bytes; longer than any key, so that a file that is too long does not look like a key.
constexpr std::size_t kMaxRead = 256;

std::string system_text(int error) {
  return std::generic_category().message(error);
}

// Why the file must not be used; empty: it may. Checks the open file, because the path may be replaced
// in the meantime.
std::string refusal(int descriptor, const std::string& path, const FileRules& rules) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return path + ": " + system_text(errno);
  if (!S_ISREG(status.st_mode)) return path + ": not a regular file";
  return file_refusal(descriptor, path, rules);
}

// The content of the file, cut off after kMaxRead bytes.
Result<SecretBytes, KeyFileError> read_file(const std::string& path, KeyReaders readers) {
  // O_NONBLOCK: opening a FIFO must not block the program.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0) return KeyFileError{path + ": " + system_text(errno)};
  if (std::string text = refusal(file.get(), path, {.secret = true, .readers = readers}); !text.empty())
    return KeyFileError{std::move(text)};
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
Result<Key, KeyFileError> load(const std::string& path, KeyReaders readers) {
  const auto content = read_file(path, readers);
  if (!content) return content.error();
  const Bytes bytes = content->view();
  auto key = Key::from_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!key) return KeyFileError{path + ": the key " + std::string(describe(key.error()))};
  return std::move(*key);
}

}  // namespace

Result<PrivateKey, KeyFileError> load_private_key_file(const std::string& path, KeyReaders readers) {
  return load<PrivateKey>(path, readers);
}

Result<PresharedKey, KeyFileError> load_preshared_key_file(const std::string& path, KeyReaders readers) {
  return load<PresharedKey>(path, readers);
}

}  // namespace hawser::crypto
