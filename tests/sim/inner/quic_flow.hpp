#pragma once

#include <cstdint>
#include <memory>

#include "sim/inner/flow.hpp"
#include "sim/inner/host.hpp"
#include "sim/inner/quic_receiver.hpp"
#include "sim/inner/quic_sender.hpp"

namespace hawser::sim::inner {

/// One QUIC-like connection with endless data. The client's first packet opens it; there are no keys.
class QuicFlow final : public Flow {
 public:
  struct Config {
    std::uint16_t port = 4433;  ///< of the server
    std::uint16_t client_port = 50'000;
    bool download = true;  ///< the server sends
  };
  QuicFlow(InnerHost& client, InnerHost& server, const Config& config);

  void start() override;
  void stop() override;
  [[nodiscard]] FlowCounters totals() const override { return sender_.counters(); }
  [[nodiscard]] std::uint32_t window() const override { return sender_.window(); }
  [[nodiscard]] Duration smoothed_rtt() const override { return sender_.smoothed_rtt(); }

 private:
  void say_hello();
  void at_client(const IpView& packet);
  void at_server(const IpView& packet);
  void at_sender(Bytes payload);
  void at_receiver(Bytes payload);
  void send(bool from_client, Bytes payload);

  InnerHost& client_;
  InnerHost& server_;
  Config config_;
  QuicSender sender_;
  QuicReceiver receiver_;
  Timer retry_;
  Timestamp hello_sent_{};
  bool sending_ = false;
};

}  // namespace hawser::sim::inner
