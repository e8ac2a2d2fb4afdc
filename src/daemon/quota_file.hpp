#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/quota.hpp"

namespace hawser::daemon {

/// What has been used of the quotas of one daemon's uplinks, on disk: JSON, by label. Owns the name of the
/// file; never decides what the counts mean.
class QuotaFile {
 public:
  using States = std::map<std::string, Quota::State>;

  explicit QuotaFile(std::string path) : path_(std::move(path)) {}

  /// Empty when there is no file. A damaged one is renamed to FILE.damaged (or FILE.damaged-2 and so on), for
  /// people to look at, and told by `problem()`.
  [[nodiscard]] States load();
  /// Replaces the file as a whole, so that a crash leaves the old or the new one. False: see problem().
  bool save(const States& states);
  /// What went wrong last; empty: nothing.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void keep_aside();

  std::string path_;
  std::string problem_;
};

/// The content of the file, for load() and save().
[[nodiscard]] std::string quota_text(const QuotaFile::States& states);
/// Nothing: damaged.
[[nodiscard]] std::optional<QuotaFile::States> parse_quota_text(std::string_view text);

}  // namespace hawser::daemon
