#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <span>

#include "hawser/base/address.hpp"

namespace hawser::interop {

/// A UdpAddress in the form of the socket interface. Owns its bytes.
class SocketAddress {
 public:
  SocketAddress() = default;
  explicit SocketAddress(const UdpAddress& address) {
    if (address.ip.is_v4()) {
      auto& in = storage_.v4;
      in.sin_family = AF_INET;
      in.sin_port = htons(address.port);
      std::memcpy(&in.sin_addr, address.ip.bytes().data(), sizeof in.sin_addr);
      size_ = sizeof in;
    } else {
      auto& in = storage_.v6;
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(address.port);
      std::memcpy(&in.sin6_addr, address.ip.bytes().data(), sizeof in.sin6_addr);
      size_ = sizeof in;
    }
  }

  [[nodiscard]] sockaddr* get() { return &storage_.any; }
  [[nodiscard]] const sockaddr* get() const { return &storage_.any; }
  [[nodiscard]] socklen_t size() const { return size_; }
  /// For calls that write the address.
  [[nodiscard]] socklen_t* reset_size() {
    size_ = sizeof storage_;
    return &size_;
  }
  [[nodiscard]] UdpAddress value() const { return value_of(storage_.any); }

  [[nodiscard]] static UdpAddress value_of(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, &address, sizeof in);
      return {IpAddress::v4(std::as_bytes(std::span(&in.sin_addr, 1))), ntohs(in.sin_port)};
    }
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    return {IpAddress::v6(std::as_bytes(std::span(&in.sin6_addr, 1))), ntohs(in.sin6_port)};
  }

 private:
  union Storage {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6{};
  };
  Storage storage_;
  socklen_t size_ = sizeof(Storage);
};

}  // namespace hawser::interop
