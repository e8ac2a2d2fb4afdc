#include "cli/keys.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "hawser/crypto/keys.hpp"
#include "hawser/crypto/random.hpp"

namespace hawser::cli {
namespace {

namespace fs = std::filesystem;

/// A pipe. Owns both ends, and closes them in the destructor.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() {
    close_writer();
    ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  void write(const std::string& text) {
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close_writer();
  }
  std::string read() {
    close_writer();
    char text[1024];
    const ssize_t size = ::read(ends_[0], text, sizeof text);
    return {text, static_cast<std::size_t>(size)};
  }

 private:
  int ends_[2] = {-1, -1};
};

std::string written(std::optional<Failure> (*write)(RandomSource&, int)) {
  Pipe pipe;
  crypto::SystemRandom random;
  EXPECT_FALSE(write(random, pipe.writer()));
  return pipe.read();
}

TEST(KeyCommands, WriteOneLineOfAFreshKey) {
  for (const auto write : {write_private_key, write_preshared_key}) {
    const std::string line = written(write);
    EXPECT_EQ(line.size(), 45U);
    EXPECT_TRUE(line.ends_with("=\n"));
    EXPECT_NE(line, written(write));
  }
  EXPECT_TRUE(crypto::PrivateKey::from_base64(written(write_private_key)));
  EXPECT_TRUE(crypto::PresharedKey::from_base64(written(write_preshared_key)));
}

TEST(KeyCommands, DeriveThePublicKeyFromWhatGenkeyWrote) {
  const std::string line = written(write_private_key);
  for (const std::string& input : {line, line.substr(0, 44)}) {
    Pipe in, out;
    in.write(input);
    ASSERT_FALSE(write_public_key(in.reader(), out.writer()));
    EXPECT_EQ(out.read(), crypto::PrivateKey::from_base64(line)->public_key().to_base64() + "\n");
  }
}

TEST(KeyCommands, RefuseInputThatIsNoKeyAndShowNothingOfIt) {
  const std::string line = written(write_private_key);
  for (const std::string& input : {std::string(), std::string("\n"), line.substr(1), line + line, line + "\n",
                                   std::string(1000, 'A'), std::string(43, 'A') + "="}) {
    Pipe in, out;
    in.write(input);
    const auto failure = write_public_key(in.reader(), out.writer());
    ASSERT_TRUE(failure) << input;
    EXPECT_EQ(failure->exit, Exit::failed);
    EXPECT_TRUE(failure->message.starts_with("standard input: the key is ")) << failure->message;
    EXPECT_EQ(failure->message.find(line.substr(1, 8)), std::string::npos);
    EXPECT_EQ(out.read(), "");
  }
}

TEST(KeyCommands, ReportWhenTheKeyCannotBeWritten) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  crypto::SystemRandom random;
  EXPECT_EQ(write_private_key(random, full)->message, "cannot write the key: No space left on device");
  ::close(full);
}

TEST(Exposure, IsAFileThatOthersMayAccess) {
  const std::string path = fs::temp_directory_path() / ("hawser-exposure-" + std::to_string(getpid()));
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_GE(file, 0);
  EXPECT_EQ(exposure(file), std::nullopt);
  ::fchmod(file, 0644);
  EXPECT_EQ(exposure(file),
            "writing to world accessible file; consider setting the umask to 077 and trying again");
  ::fchmod(file, 0620);
  EXPECT_EQ(exposure(file),
            "writing to group accessible file; consider setting the umask to 077 and trying again");
  ::close(file);
  fs::remove(path);
}

TEST(Exposure, IsATerminalButNoPipe) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  EXPECT_EQ(exposure(terminal), "writing a key to the terminal");
  ::close(terminal);
  const Pipe pipe;
  EXPECT_EQ(exposure(pipe.writer()), std::nullopt);
}

}  // namespace
}  // namespace hawser::cli
