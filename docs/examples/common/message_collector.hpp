#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "hawser/sctp/endpoint.hpp"

namespace hawser::examples {

/// Joins the parts of messages that the engine delivers in parts because they are larger than the receive
/// window (RFC 9260 §6.9), and drops those whose sender has abandoned them. Owns the parts of incomplete
/// messages.
class MessageCollector {
 public:
  /// Returns the whole message with its last part, and nothing before. The bytes stay valid until the next
  /// call.
  std::optional<std::span<const std::byte>> add(const sctp::ReceivedMessage& part) {
    const Key key{part.association, part.stream, part.unordered};
    const auto open = open_.find(key);
    if (part.abandoned) {
      if (open != open_.end()) open_.erase(open);
      return std::nullopt;
    }
    if (open == open_.end() && !part.more) return part.payload.bytes();
    std::vector<std::byte>& message = open_[key];
    message.insert(message.end(), part.payload.bytes().begin(), part.payload.bytes().end());
    if (part.more) return std::nullopt;
    whole_ = std::move(message);
    open_.erase(key);
    return whole_;
  }

  /// Drops the incomplete messages of an association that has ended.
  void forget(sctp::AssociationId association) {
    std::erase_if(open_,
                  [association](const auto& entry) { return std::get<0>(entry.first) == association; });
  }

 private:
  using Key = std::tuple<sctp::AssociationId, sctp::StreamId, bool>;
  std::map<Key, std::vector<std::byte>> open_;
  std::vector<std::byte> whole_;
};

}  // namespace hawser::examples
