#pragma once

#include <unistd.h>

#include <utility>

namespace hawser {

/// Owns a file descriptor and closes it. Also holds the negative result of a failed open(2) or socket(2),
/// which it never closes.
class FileDescriptor {
 public:
  /// Takes over `fd`; negative: the system call failed.
  explicit FileDescriptor(int fd) : fd_(fd) {}
  /// Takes the descriptor over; `other` has none afterwards.
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor& operator=(FileDescriptor&&) = delete;

  /// The descriptor; negative: there is none.
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace hawser
