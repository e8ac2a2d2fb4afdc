#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::tunnel {

/// Names a peer of one tunnel: its position in TunnelConfig::peers.
using PeerIndex = std::uint32_t;

/// Maps inner addresses to peers by longest prefix match. Owns its table. A lookup never allocates and costs
/// one binary search for each prefix length in use.
class AllowedIps {
 public:
  /// Assigns a prefix to a peer; host bits are ignored. False: the prefix has a peer already, which it keeps.
  bool insert(const IpPrefix& prefix, PeerIndex peer);
  /// Returns the peer of the longest prefix that contains the address; nothing: no prefix contains it.
  [[nodiscard]] std::optional<PeerIndex> lookup(const IpAddress& address) const;

 private:
  /// An address as a number in host byte order; IPv4 is in the upper 32 bits of `high`.
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  /// A prefix without host bits.
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
