#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/quota/quota.hpp"
#include "daemon/state_file.hpp"

namespace hawser::daemon::quota {

/// What has been used of the quotas of one daemon's uplinks, on disk: JSON, by label. Never decides what the
/// counts mean.
class QuotaFile {
 public:
  using States = std::map<std::string, Quota::State>;

  explicit QuotaFile(std::string path) : file_(std::move(path)) {}

  /// Empty when there is no file, or (see problem()) a damaged one, which is kept aside.
  [[nodiscard]] States load();
  /// Waits until it is on disk. False: see problem().
  bool save(const States& states);
  /// What went wrong last; empty: nothing.
  [[nodiscard]] const std::string& problem() const { return file_.problem(); }

 private:
  StateFile file_;
};

/// The content of the file, for load() and save().
[[nodiscard]] std::string quota_text(const QuotaFile::States& states);
/// Nothing: damaged.
[[nodiscard]] std::optional<QuotaFile::States> parse_quota_text(std::string_view text);

}  // namespace hawser::daemon::quota
