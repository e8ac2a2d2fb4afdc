#pragma once

#include <cstdint>

#include "sctp/path/path.hpp"

namespace hawser::sctp::path {

/// When a path carries data, by its state and its role: the first class in this order that has a path with
/// room is used. `secondary` also requires that the windows of all `always` paths are full, `backup` that no
/// path of a class before it is active, `last_resort` that no path with a role is active at all (RFC 7829
/// §5).
enum class DataClass : std::uint8_t {
  always,
  secondary,
  backup,
  last_resort,  ///< failed or moving, but not excluded by its role
  none,         ///< never carries data: not validated yet, or role `never`
};

/// The only place that decides which paths may carry data, for the scheduler, the message size and the
/// status.
[[nodiscard]] inline DataClass data_class(const Path& path) {
  if (!path.proven() || path.role() == PathRole::never) return DataClass::none;
  if (!path.lifecycle.active() || path.moving) return DataClass::last_resort;
  switch (path.role()) {
    case PathRole::always: return DataClass::always;
    case PathRole::secondary: return DataClass::secondary;
    default: return DataClass::backup;
  }
}

/// Whether paths of this class are active and may carry data by their role.
[[nodiscard]] inline bool carries_data(DataClass data_class) {
  return data_class <= DataClass::backup;
}

/// The rank that decides which paths bound the size of a message: paths with the lowest rank may carry data
/// now. The classes `always` and `secondary` share a rank, because both may be in use at the same time.
[[nodiscard]] inline unsigned usage_rank(DataClass data_class) {
  switch (data_class) {
    case DataClass::always:
    case DataClass::secondary: return 0;
    case DataClass::backup: return 1;
    case DataClass::last_resort: return 2;
    case DataClass::none: return 3;
  }
  return 3;
}

}  // namespace hawser::sctp::path
