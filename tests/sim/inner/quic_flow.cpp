#include "sim/inner/quic_flow.hpp"

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetry = 500ms;
// A server that has heard one packet knows no round trip yet (RFC 9002 §6.2.2).
constexpr Duration kUnknownRtt = 100ms;

}  // namespace

QuicFlow::QuicFlow(InnerHost& client, InnerHost& server, const Config& config)
    : client_(client),
      server_(server),
      config_(config),
      sender_(client.events(), [this](const QuicData& data) { send(!config_.download, make_data(data)); }),
      receiver_(client.events(), [this](const QuicAck& ack) { send(config_.download, make_ack(ack)); }),
      retry_(client.events(), [this] { say_hello(); }) {
  client_.bind(Protocol::udp, config_.client_port, [this](const IpView& packet) { at_client(packet); });
  server_.bind(Protocol::udp, config_.port, [this](const IpView& packet) { at_server(packet); });
  receiver_.on_pieces = [this](std::uint64_t pieces) { arrivals_.add(client_.now(), pieces * kQuicPiece); };
}

void QuicFlow::start() {
  arrivals_.begin(client_.now());
  say_hello();
}

void QuicFlow::stop() {
  retry_.cancel();
  sender_.stop();
}

void QuicFlow::say_hello() {
  hello_sent_ = client_.now();
  retry_.set(client_.now() + kRetry);
  send(true, make_hello());
}

void QuicFlow::at_server(const IpView& packet) {
  const auto datagram = parse_udp(packet);
  if (!datagram) return;
  if (is_hello(datagram->payload)) {
    if (!config_.download) return send(false, make_hello());
    if (sending_) return;
    sending_ = true;
    sender_.start(kUnknownRtt);
  } else {
    config_.download ? at_sender(datagram->payload) : at_receiver(datagram->payload);
  }
}

void QuicFlow::at_client(const IpView& packet) {
  const auto datagram = parse_udp(packet);
  if (!datagram) return;
  retry_.cancel();
  if (config_.download) return at_receiver(datagram->payload);
  if (!is_hello(datagram->payload)) return at_sender(datagram->payload);
  if (sending_) return;
  sending_ = true;
  sender_.start(client_.now() - hello_sent_);
}

void QuicFlow::at_sender(Bytes payload) {
  if (const auto ack = parse_ack(payload)) sender_.on_ack(*ack);
}

void QuicFlow::at_receiver(Bytes payload) {
  if (const auto data = parse_data(payload)) receiver_.on_data(*data);
}

void QuicFlow::send(bool from_client, Bytes payload) {
  InnerHost& from = from_client ? client_ : server_;
  InnerHost& to = from_client ? server_ : client_;
  const UdpHeader ports = from_client ? UdpHeader{config_.client_port, config_.port}
                                      : UdpHeader{config_.port, config_.client_port};
  from.send(make_udp(from.header_to(to.address(), Protocol::udp), ports, payload));
}

}  // namespace hawser::sim::inner
