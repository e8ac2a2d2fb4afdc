#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hawser::crypto {

/// What users other than root and the effective user must not do with a file that we trust.
struct FileRules {
  bool secret = false;  ///< they must not read it, either
  /// A group that may read a secret file nevertheless; none: no group may.
  std::optional<std::uint32_t> readers = std::nullopt;
};

/// Why the open file must not be used: other users may change it, replace it (they may change a directory on
/// the way from / to it), or read a secret one. Directories with the sticky bit, such as /tmp, may be
/// writable, as only the owner of a file replaces it there. The text begins with `path` and ends with the
/// command that corrects it. Empty: the file may be used.
[[nodiscard]] std::string file_refusal(int descriptor, const std::string& path, const FileRules& rules);

}  // namespace hawser::crypto
