#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hawser::daemon {

/// A small file of what has to outlive the daemon. It is replaced as a whole: a crash leaves the old or the
/// new one. Owns its name; knows nothing of its content.
class StateFile {
 public:
  explicit StateFile(std::string path) : path_(std::move(path)) {}

  /// Nothing: there is none, or (see problem()) it cannot be read, and was kept aside.
  [[nodiscard]] std::optional<std::string> load();
  /// Renames a file whose content is damaged to FILE.damaged (or FILE.damaged-2 and so on), for people to
  /// look at.
  void keep_damaged();
  /// `wait`: until it is on disk, so that it survives a loss of power as well. False: see problem().
  bool save(std::string_view text, bool wait);
  /// What went wrong last; empty: nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void keep_aside();

  std::string path_;
  std::string problem_;
};

}  // namespace hawser::daemon
