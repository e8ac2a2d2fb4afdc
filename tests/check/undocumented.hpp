#pragma once

namespace hawser {

/// For check.DocumentationCheckNoticesAMissingComment: one member has no comment.
struct Undocumented {
  int said = 0;  ///< a comment
  int unsaid = 0;
};

}  // namespace hawser
