#include "daemon/quota_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace hawser::daemon {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr int kVersion = 1;
constexpr std::size_t kLargestFile = 1U << 20;

json::value month_value(const std::optional<Quota::Month>& month) {
  if (!month) return nullptr;
  return json::object{{"begin", month->begin.time_since_epoch().count()}, {"used", month->used}};
}

/// False: no such number, or a negative one.
template <class T>
bool read_number(const json::object& object, std::string_view key, T& out) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || value->is_double()) return false;
  boost::system::error_code error;
  out = value->to_number<T>(error);
  return !error && out >= 0;
}

bool read_month(const json::object& object, std::string_view key, std::optional<Quota::Month>& out) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr) return false;
  if (value->is_null()) return true;
  std::int64_t begin = 0;
  const auto* month = value->if_object();
  if (month == nullptr || !read_number(*month, "begin", begin) ||
      !read_number(*month, "used", out.emplace().used))
    return false;
  constexpr std::int64_t kFarFuture = 253'402'300'800;  // the year 10000
  out->begin = WallTime(std::chrono::seconds(begin));
  return out->begin >= kClockIsSet - std::chrono::days(31) && begin < kFarFuture;
}

/// A descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// Writes and waits until it is on disk. False: errno tells.
bool write_through(const std::string& path, std::string_view text) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.fd() < 0) return false;
  while (!text.empty()) {
    const ssize_t written = ::write(file.fd(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fdatasync(file.fd()) == 0;
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

std::string quota_text(const QuotaFile::States& states) {
  json::object uplinks;
  for (const auto& [label, state] : states) {
    uplinks[label] = json::object{{"current", month_value(state.current)},
                                  {"previous", month_value(state.previous)},
                                  {"undated", state.undated}};
  }
  return json::serialize(json::object{{"version", kVersion}, {"uplinks", uplinks}}) + "\n";
}

std::optional<QuotaFile::States> parse_quota_text(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  const auto* root = error ? nullptr : value.if_object();
  int version = 0;
  if (root == nullptr || !read_number(*root, "version", version) || version != kVersion) return std::nullopt;
  const json::value* uplinks = root->if_contains("uplinks");
  if (uplinks == nullptr || !uplinks->is_object()) return std::nullopt;
  QuotaFile::States out;
  for (const auto& [label, each] : uplinks->get_object()) {
    Quota::State& state = out[std::string(label)];
    const auto* object = each.if_object();
    if (object == nullptr || !read_month(*object, "current", state.current) ||
        !read_month(*object, "previous", state.previous) || !read_number(*object, "undated", state.undated))
      return std::nullopt;
  }
  return out;
}

QuotaFile::States QuotaFile::load() {
  problem_.clear();
  std::error_code error;
  if (!fs::exists(path_, error) && !error) return {};
  std::ifstream in(path_, std::ios::binary);
  std::string text(kLargestFile, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (!in.eof() || in.bad()) {
    problem_ = path_ + ": cannot be read: " + (error ? error.message() : reason(errno));
    keep_aside();
    return {};
  }
  if (auto states = parse_quota_text(text)) return *std::move(states);
  problem_ = path_ + ": damaged";
  keep_aside();
  return {};
}

void QuotaFile::keep_aside() {
  for (int number = 1; number < 100; ++number) {
    const std::string aside = path_ + (number == 1 ? ".damaged" : ".damaged-" + std::to_string(number));
    std::error_code error;
    if (fs::exists(aside, error)) continue;
    fs::rename(path_, aside, error);
    problem_ += error ? ", and cannot be renamed: " + error.message() : ", kept as " + aside;
    return;
  }
}

bool QuotaFile::save(const States& states) {
  problem_.clear();
  std::error_code error;
  fs::create_directories(fs::path(path_).parent_path(), error);
  const std::string fresh = path_ + ".tmp";
  if (!write_through(fresh, quota_text(states)) || ::rename(fresh.c_str(), path_.c_str()) != 0) {
    problem_ = path_ + ": cannot be written: " + reason(errno);
    return false;
  }
  // The rename itself has to be on disk as well.
  const File directory(::open(fs::path(path_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd() >= 0) ::fsync(directory.fd());
  return true;
}

}  // namespace hawser::daemon
