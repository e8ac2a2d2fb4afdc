#pragma once

#include <cstddef>

namespace hawser::test {

/// How often this program has called operator new. Programs that link count_allocations.cpp use its operator
/// new.
[[nodiscard]] std::size_t allocations();

}  // namespace hawser::test
