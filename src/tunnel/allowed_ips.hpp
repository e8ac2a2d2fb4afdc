#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::tunnel {

/// Names a peer of one tunnel: its position in the configuration.
using PeerIndex = std::uint32_t;

/// Which peer an inner address belongs to: longest prefix first. Owns its table; looking up never allocates
/// and costs one binary search for each prefix length in use.
class AllowedIps {
 public:
  /// Host bits of the prefix are ignored. False, and nothing is changed: the prefix has a peer already.
  bool insert(const IpPrefix& prefix, PeerIndex peer);
  /// The peer of the longest prefix that holds the address.
  [[nodiscard]] std::optional<PeerIndex> lookup(const IpAddress& address) const;

 private:
  /// An address as a number; IPv4 in the upper 32 bits of `high`.
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Entry {
    Key key;
    PeerIndex peer;
  };
  /// All prefixes of one length, sorted by key.
  struct Length {
    unsigned bits;
    Key mask;
    std::vector<Entry> entries;
  };

  static Key key_of(const IpAddress& address);
  static Key mask_of(unsigned bits);
  Length& length_of(std::vector<Length>& lengths, unsigned bits);

  std::vector<Length> v4_;  ///< longest first
  std::vector<Length> v6_;
};

}  // namespace hawser::tunnel
