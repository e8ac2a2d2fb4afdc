#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hawser/base/address.hpp"

namespace hawser::daemon {

/// An interface over which names are asked, whatever the routing table prefers.
struct NameInterface {
  std::string device;
  /// What the sockets of either family are bound to: the wildcard, or the interface's address if a routing
  /// rule requires it.
  IpAddress v4 = IpAddress::any_v4();
  IpAddress v6 = IpAddress::any_v6();
  friend bool operator==(const NameInterface&, const NameInterface&) = default;
};

/// Asks for the addresses of a host name.
struct NameQuestion {
  std::uint64_t number = 0;  ///< its answers have it too; a later question has a higher number
  std::string host{};
  std::vector<NameInterface> interfaces{};
};

/// One of several answers to a question, as several sources are asked at the same time.
struct NameAnswer {
  /// How much a failure says about the cause.
  enum class Weight : std::uint8_t {
    unreachable,  ///< nothing was sent
    system,       ///< from the C library, which states no source
    silent,       ///< no answer in time, or none with an address
    definite,     ///< an answer with an error
  };

  std::uint64_t question = 0;  ///< its number
  std::string host{};
  std::vector<IpAddress> addresses{};  ///< empty: a failure
  std::string source{};                ///< "198.51.100.53 over wan1", or "system"
  std::string failure{};               ///< "server failure"; empty if there are addresses
  Weight weight = Weight::unreachable;
};

}  // namespace hawser::daemon
