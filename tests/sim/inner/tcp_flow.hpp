#pragma once

#include <cstdint>
#include <memory>

#include "sim/inner/flow.hpp"
#include "sim/inner/host.hpp"
#include "sim/inner/tcp_receiver.hpp"
#include "sim/inner/tcp_sender.hpp"

namespace hawser::sim::inner {

/// One TCP connection with endless data: the client opens it, and either side sends.
///
///    client ── SYN (MSS) ──► server      a tunnel may lower both MSS
///           ◄─ SYN, ACK ───
///           ── ACK ────────►             then `sender` sends until stop()
class TcpFlow final : public Flow {
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

  void start() override;
  void stop() override;
  [[nodiscard]] FlowCounters totals() const override;
  [[nodiscard]] std::uint32_t window() const override { return sender_ ? sender_->window() : 0; }
  [[nodiscard]] Duration smoothed_rtt() const override {
    return sender_ ? sender_->srtt() : Duration::zero();
  }

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
};

}  // namespace hawser::sim::inner
