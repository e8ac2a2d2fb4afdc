#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hawser::daemon::names {

/// A name server on the loopback interface, in the event loop of the test. It answers every A query.
class DnsServer {
 public:
  explicit DnsServer(boost::asio::io_context& context)
      : socket_(context, {boost::asio::ip::address_v4::loopback(), 0}) {
    receive();
  }

  [[nodiscard]] std::uint16_t port() const { return socket_.local_endpoint().port(); }

  std::vector<std::array<std::uint8_t, 4>> addresses;  ///< of every name; AAAA queries get none
  std::uint8_t code = 0;                               ///< RCODE of every answer
  bool silent = false;
  std::vector<std::string> asked;  ///< "hub.test A"

 private:
  void receive() {
    socket_.async_receive_from(boost::asio::buffer(query_), from_,
                               [this](boost::system::error_code error, std::size_t size) {
                                 if (error) return;
                                 answer(size);
                                 receive();
                               });
  }

  void answer(std::size_t size) {
    std::string name;
    std::size_t at = 12;
    for (; at < size && query_[at] != 0; at += 1U + query_[at])
      name += (name.empty() ? "" : ".") +
              std::string(query_.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                          query_.begin() + static_cast<std::ptrdiff_t>(at) + 1 + query_[at]);
    const bool v4 = query_[at + 2] == 1;
    asked.push_back(name + (v4 ? " A" : " AAAA"));
    if (silent) return;
    const std::size_t count = v4 && code == 0 ? addresses.size() : 0;
    std::vector<std::uint8_t> out(query_.begin(), query_.begin() + static_cast<std::ptrdiff_t>(at) + 5);
    out[2] = 0x81;
    out[3] = static_cast<std::uint8_t>(0x80 | code);
    std::fill(out.begin() + 6, out.begin() + 12, std::uint8_t{0});
    out[7] = static_cast<std::uint8_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
      out.insert(out.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4});
      out.insert(out.end(), addresses[i].begin(), addresses[i].end());
    }
    socket_.send_to(boost::asio::buffer(out), from_);
  }

  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::udp::endpoint from_;
  std::array<std::uint8_t, 512> query_{};
};

}  // namespace hawser::daemon::names
