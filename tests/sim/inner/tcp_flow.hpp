#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/inner/host.hpp"
#include "sim/inner/tcp_receiver.hpp"
#include "sim/inner/tcp_sender.hpp"

namespace hawser::sim::inner {

/// Bytes that arrived, by tenths of a second.
class ArrivalLog {
 public:
  static constexpr Duration kSlot = std::chrono::milliseconds(100);
  void begin(Timestamp start) { start_ = start; }
  void add(Timestamp now, std::uint64_t bytes);
  /// Bytes of [from, to), which are whole slots after the start.
  [[nodiscard]] std::uint64_t bytes(Duration from, Duration to) const;
  /// bit/s in [from, to).
  [[nodiscard]] double rate(Duration from, Duration to) const;

 private:
  Timestamp start_{};
  std::vector<std::uint64_t> slots_;
};

/// One TCP connection with endless data: the client opens it, and either side sends.
///
///    client ── SYN (MSS) ──► server      a tunnel may lower both MSS
///           ◄─ SYN, ACK ───
///           ── ACK ────────►             then `sender` sends until stop()
class TcpFlow {
 public:
  struct Config {
    std::uint16_t port = 5201;  ///< of the server
    std::uint16_t client_port = 40'000;
    std::uint16_t mtu = 1392;  ///< of both hosts' interfaces
    bool download = true;      ///< the server sends
    bool ecn = false;
    std::uint64_t largest_window = 6U << 20;
    std::uint64_t send_buffer = 4U << 20;
  };
  TcpFlow(InnerHost& client, InnerHost& server, const Config& config);
  TcpFlow(const TcpFlow&) = delete;
  TcpFlow& operator=(const TcpFlow&) = delete;

  void start();
  void stop();

  [[nodiscard]] const ArrivalLog& arrivals() const { return arrivals_; }
  [[nodiscard]] std::uint64_t received() const { return receiver_ ? receiver_->received() : 0; }
  [[nodiscard]] bool connected() const { return sender_ != nullptr; }
  /// Present when connected().
  [[nodiscard]] const TcpSender& sender() const { return *sender_; }
  [[nodiscard]] const TcpReceiver& receiver() const { return *receiver_; }
  [[nodiscard]] std::size_t mss() const { return mss_; }

 private:
  void send_syn();
  void at_client(const IpView& packet);
  void at_server(const IpView& packet);
  void open(std::uint16_t offered);
  void begin_sending();
  void from_client(TcpHeader& header, std::size_t payload, bool ect);
  void from_server(TcpHeader& header, std::size_t payload, bool ect);
  void to_data_end(const TcpView& segment, Ecn ecn) {
    receiver_->on_segment(segment.header, segment.payload, ecn);
  }

  InnerHost& client_;
  InnerHost& server_;
  Config config_;
  Timer retry_;
  unsigned tries_ = 0;
  Timestamp syn_sent_{};
  Timestamp answered_{};
  std::size_t mss_ = 0;
  std::unique_ptr<TcpSender> sender_;
  std::unique_ptr<TcpReceiver> receiver_;
  bool established_ = false;
  ArrivalLog arrivals_;
};

}  // namespace hawser::sim::inner
