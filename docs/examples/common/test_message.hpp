#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hawser::examples {

/// Size of the smallest message that can carry its number, in bytes.
inline constexpr std::size_t kMinTestMessage = 8;

/// Writes message `number` of `stream`: the number, then bytes that are a function of both. `out` has at
/// least kMinTestMessage bytes.
void fill_test_message(std::span<std::byte> out, std::uint16_t stream, std::uint64_t number);

/// Counts and checks test messages. The sender and the receiver each keep one: when counts and digests agree,
/// and no message is corrupt or out of order, then every message arrived exactly once, intact and in order.
class MessageAudit {
 public:
  /// Adds a sent or received message. Unordered messages may arrive in any order.
  void add(std::uint16_t stream, bool unordered, std::span<const std::byte> message);

  [[nodiscard]] std::uint64_t messages() const { return messages_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Messages whose content does not match their number.
  [[nodiscard]] std::uint64_t corrupt() const { return corrupt_; }
  /// Ordered messages that did not have the next number of their stream.
  [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }
  /// Does not depend on the order of arrival. Differs when a message is missing, duplicated or of another
  /// size.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint64_t out_of_order_ = 0;
  std::uint64_t digest_ = 0;
  std::vector<std::uint64_t> next_number_;  // by stream
};

}  // namespace hawser::examples
