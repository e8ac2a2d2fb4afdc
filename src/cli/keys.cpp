#include "cli/keys.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "hawser/base/result.hpp"
#include "hawser/crypto/keys.hpp"

namespace hawser::cli {
namespace {

// Bytes; longer than any key, so that input that is too long does not look like a key.
constexpr std::size_t kMaxRead = 256;

Failure system_failure(std::string_view what) {
  return {Exit::failed, std::string(what) + ": " + std::generic_category().message(errno)};
}

std::optional<Failure> write_all(int out, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(out, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("cannot write the key");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return std::nullopt;
}

// The input, cut off after kMaxRead bytes.
Result<crypto::SecretBytes, Failure> read_input(int in) {
  crypto::SecretBytes input(kMaxRead);
  std::size_t used = 0;
  while (used < input.size()) {
    const ssize_t got = ::read(in, input.writable().data() + used, input.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("standard input");
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  input.shrink(used);
  return input;
}

}  // namespace

std::optional<Failure> write_private_key(RandomSource& random, int out) {
  return write_all(out, crypto::PrivateKey::generate(random).to_base64_line().view());
}

std::optional<Failure> write_preshared_key(RandomSource& random, int out) {
  return write_all(out, crypto::PresharedKey::generate(random).to_base64_line().view());
}

std::optional<Failure> write_public_key(int in, int out) {
  const auto input = read_input(in);
  if (!input) return input.error();
  const Bytes bytes = input->view();
  const auto key =
      crypto::PrivateKey::from_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!key) return Failure{Exit::failed, "standard input: the key " + std::string(describe(key.error()))};
  const std::string line = key->public_key().to_base64() + "\n";
  return write_all(out, std::as_bytes(std::span(line)));
}

std::optional<std::string> exposure(int descriptor) {
  if (::isatty(descriptor) == 1) return "writing a key to the terminal";
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return std::nullopt;
  const std::string who = (status.st_mode & S_IRWXO) != 0 ? "world" : "group";
  return "writing to " + who + " accessible file; consider setting the umask to 077 and trying again";
}

}  // namespace hawser::cli
