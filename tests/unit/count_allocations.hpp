#pragma once

#include <cstddef>

namespace hawser::test {

/// How often the whole program has called operator new. Whoever links count_allocations.cpp replaces it.
[[nodiscard]] std::size_t allocations();

}  // namespace hawser::test
