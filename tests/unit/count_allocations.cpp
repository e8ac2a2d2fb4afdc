#include "count_allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> count{0};
std::atomic<std::size_t> until_failure{0};  // 0: none fails
}  // namespace

std::size_t hawser::test::allocations() {
  return count;
}

void hawser::test::fail_allocation(std::size_t number) {
  until_failure = number;
}

std::size_t hawser::test::allocations_until_failure() {
  return until_failure;
}

void* operator new(std::size_t size) {
  ++count;
  if (until_failure != 0 && --until_failure == 0) throw std::bad_alloc();
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
  return ::operator new(size);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}
