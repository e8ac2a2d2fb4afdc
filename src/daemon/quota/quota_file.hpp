#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/quota/quota.hpp"
#include "daemon/state_file.hpp"

namespace hawser::daemon::quota {

/// The counts of the quotas of one daemon, in a JSON file. Owns the file; never decides what the counts mean.
class QuotaFile {
 public:
  /// By label of the uplink.
  using States = std::map<std::string, Quota::State>;

  /// `path` names the file, which may be missing.
  explicit QuotaFile(std::string path) : file_(std::move(path)) {}

  /// Empty: there is no file, or (see problem()) it is damaged and was renamed.
  [[nodiscard]] States load();
  /// Returns when the counts are on disk. False: see problem().
  bool save(const States& states);
  /// Why the last call failed; empty: it did not.
  [[nodiscard]] const std::string& problem() const { return file_.problem(); }

 private:
  StateFile file_;
};

/// The content of the file.
[[nodiscard]] std::string quota_text(const QuotaFile::States& states);
/// None: the text is damaged.
[[nodiscard]] std::optional<QuotaFile::States> parse_quota_text(std::string_view text);

}  // namespace hawser::daemon::quota
