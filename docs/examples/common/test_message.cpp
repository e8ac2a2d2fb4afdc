#include "examples/common/test_message.hpp"

#include <algorithm>
#include <cstring>

namespace hawser::examples {
namespace {

// The finaliser of SplitMix64: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11eb;
  return x ^ (x >> 31);
}

std::uint64_t seed_of(std::uint16_t stream, std::uint64_t number) {
  return mix((std::uint64_t{stream} << 48) ^ number);
}

// Calls `use(offset, size, word)` for each word of the content that follows the number.
template <class Use>
void for_each_word(std::size_t size, std::uint64_t seed, Use use) {
  for (std::size_t at = kMinTestMessage; at < size; at += sizeof(std::uint64_t)) {
    use(at, std::min(sizeof(std::uint64_t), size - at), mix(seed + at));
  }
}

bool is_intact(std::span<const std::byte> message, std::uint64_t seed) {
  bool intact = true;
  for_each_word(message.size(), seed, [&](std::size_t at, std::size_t size, std::uint64_t word) {
    intact = intact && std::memcmp(message.data() + at, &word, size) == 0;
  });
  return intact;
}

}  // namespace

// Both ends of a test run on one machine, so words are in host order.
void fill_test_message(std::span<std::byte> out, std::uint16_t stream, std::uint64_t number) {
  std::memcpy(out.data(), &number, sizeof number);
  for_each_word(out.size(), seed_of(stream, number),
                [&](std::size_t at, std::size_t size, std::uint64_t word) {
                  std::memcpy(out.data() + at, &word, size);
                });
}

void MessageAudit::add(std::uint16_t stream, bool unordered, std::span<const std::byte> message) {
  ++messages_;
  bytes_ += message.size();
  if (message.size() < kMinTestMessage) {
    ++corrupt_;
    return;
  }
  std::uint64_t number = 0;
  std::memcpy(&number, message.data(), sizeof number);
  const std::uint64_t seed = seed_of(stream, number);
  if (!is_intact(message, seed)) ++corrupt_;
  digest_ += mix(seed ^ message.size());

  if (stream >= next_number_.size()) next_number_.resize(stream + std::size_t{1});
  std::uint64_t& next = next_number_[stream];
  if (!unordered && number != next) ++out_of_order_;
  next = number + 1;
}

}  // namespace hawser::examples
