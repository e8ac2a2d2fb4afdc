#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hawser::daemon {

/// A small file that outlives the daemon. It is replaced as a whole: a crash leaves the old or the new
/// content. Owns its name; never interprets its content.
class StateFile {
 public:
  /// `path` names the file, which may be missing.
  explicit StateFile(std::string path) : path_(std::move(path)) {}

  /// Reads the content. None: the file does not exist, or (see problem()) it could not be read and was
  /// renamed.
  [[nodiscard]] std::optional<std::string> load();
  /// Renames a file with damaged content to FILE.damaged, FILE.damaged-2 and so on, for inspection.
  void keep_damaged();
  /// Replaces the content. `wait`: returns when the content is on disk and survives a loss of power. False:
  /// see problem().
  bool save(std::string_view text, bool wait);
  /// Why the last call failed; empty: it did not.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void keep_aside();

  std::string path_;
  std::string problem_;
};

}  // namespace hawser::daemon
