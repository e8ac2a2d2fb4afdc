#include "crypto/file_trust.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace hawser::crypto {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as in the kernel
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

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

bool is_trusted(uid_t owner) {
  return owner == 0 || owner == ::geteuid();
}

// A file, directory or link that its owner may change or replace.
std::string foreign(const std::string& what, const std::string& path, uid_t owner) {
  const uid_t own = ::geteuid();
  return what + " belongs to user " + std::to_string(owner) + "; run: chown -h " +
         (own == 0 ? "root" : std::to_string(own)) + " " + quoted(path);
}

std::string directory_refusal(const std::string& path, const struct stat& status) {
  if (!is_trusted(status.st_uid)) return foreign("the directory " + path, path, status.st_uid);
  if ((status.st_mode & kOthersWrite) == 0 || (status.st_mode & S_ISVTX) != 0) return {};
  return "other users may replace files in the directory " + path + " (mode " + octal(status.st_mode) +
         "); run: chmod go-w " + quoted(path);
}

/// Follows a path from / to the directory of its file, symbolic links included. Owns the rest of the path.
class DirectoryWalk {
 public:
  explicit DirectoryWalk(const std::string& path) { push(fs::absolute(path)); }

  /// Why another user may replace the file; empty: none can. What cannot be examined is for open() to report.
  std::string run() {
    while (!rest_.empty()) {
      const fs::path name = std::move(rest_.front());
      rest_.pop_front();
      if (name == "." || name.empty()) continue;
      if (name == "..") {
        at_ = at_.parent_path();
        continue;
      }
      struct stat status {};
      if (::lstat((at_ / name).c_str(), &status) != 0) return {};
      std::string problem = step(at_ / name, status);
      if (!problem.empty()) return problem;
    }
    return {};
  }

 private:
  std::string step(const fs::path& next, const struct stat& status) {
    if (S_ISLNK(status.st_mode)) {
      if (!is_trusted(status.st_uid)) return foreign("the link " + next.string(), next, status.st_uid);
      std::error_code error;
      const fs::path target = fs::read_symlink(next, error);
      if (error || ++links_ > kMaxLinks) return {};
      push(target);
      return {};
    }
    if (S_ISDIR(status.st_mode)) at_ = next;
    return S_ISDIR(status.st_mode) ? directory_refusal(next, status) : std::string();
  }
  // Puts the components of a path in front of the rest.
  void push(const fs::path& path) {
    if (path.is_absolute()) at_ = "/";
    // The first component of an absolute path is "/": joined to at_, it is the root directory.
    rest_.insert(rest_.begin(), path.begin(), path.end());
  }

  fs::path at_ = "/";
  std::deque<fs::path> rest_;
  int links_ = 0;
};

// Why other users may read a secret file; empty: they may not.
std::string secret_refusal(const std::string& path, const struct stat& status, const FileRules& rules) {
  mode_t allowed = S_IRWXU;
  if (rules.readers && status.st_gid == *rules.readers) allowed |= S_IRGRP;
  if ((status.st_mode & 0777U & ~allowed) == 0) return {};
  return "other users may access the key (mode " + octal(status.st_mode) + "); run: chmod 600 " +
         quoted(path);
}

}  // namespace

std::string file_refusal(int descriptor, const std::string& path, const FileRules& rules) {
  // The open file, as the path may lead to another one in the meantime.
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return path + ": " + std::generic_category().message(errno);
  std::string problem;
  if (rules.secret) problem = secret_refusal(path, status, rules);
  if (problem.empty() && !is_trusted(status.st_uid)) problem = foreign("the file", path, status.st_uid);
  if (problem.empty() && (status.st_mode & kOthersWrite) != 0) {
    problem = "other users may change the file (mode " + octal(status.st_mode) + "); run: chmod go-w " +
              quoted(path);
  }
  if (problem.empty()) problem = DirectoryWalk(path).run();
  return problem.empty() ? problem : path + ": " + problem;
}

}  // namespace hawser::crypto
