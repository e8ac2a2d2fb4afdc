#pragma once

#include <cstddef>

namespace hawser::test {

/// How often this program has called operator new. Programs that link count_allocations.cpp use its operator
/// new.
[[nodiscard]] std::size_t allocations();

/// Makes operator new fail once, when it is called for the `number`-th time from now; 0: never.
void fail_allocation(std::size_t number);
/// How many calls of operator new are left until one fails; 0: none will fail, or it has failed.
[[nodiscard]] std::size_t allocations_until_failure();

}  // namespace hawser::test
