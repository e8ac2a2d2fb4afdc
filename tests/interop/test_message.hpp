#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hawser::interop {

/// Smallest message that can carry its number.
inline constexpr std::size_t kMinTestMessage = 8;

/// Writes message `number` of `stream`: its number, then bytes that follow from both. `out` holds at least
/// kMinTestMessage bytes.
void fill_test_message(std::span<std::byte> out, std::uint16_t stream, std::uint64_t number);

/// What a multitude of test messages amounts to. Both ends of a test keep one; when counts and digests agree
/// and nothing is corrupt or out of order, every message arrived exactly once, whole and in its place.
class MessageAudit {
 public:
  /// A message that was sent, or that came back from an echo (where `unordered` messages may overtake).
  void add(std::uint16_t stream, bool unordered, std::span<const std::byte> message);

  [[nodiscard]] std::uint64_t messages() const { return messages_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Messages whose content is not what their number says.
  [[nodiscard]] std::uint64_t corrupt() const { return corrupt_; }
  /// Ordered messages that were not the next of their stream.
  [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }
  /// Independent of the order of arrival; differs when any message is missing, doubled or of another size.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint64_t out_of_order_ = 0;
  std::uint64_t digest_ = 0;
  std::vector<std::uint64_t> next_number_;  // by stream
};

}  // namespace hawser::interop
