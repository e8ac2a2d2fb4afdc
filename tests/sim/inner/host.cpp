#include "sim/inner/host.hpp"

namespace hawser::sim::inner {

void InnerHost::receive(Bytes packet) {
  const auto view = parse_ip(packet);
  if (!view || view->ip.destination != address_) {
    ++refused_;
    return;
  }
  if (view->ip.protocol == Protocol::icmp) return receive_icmp(*view);
  if (view->body.size() < 4) {
    ++refused_;
    return;
  }
  pass(*view, load_be<std::uint16_t>(view->body.data() + 2));
}

void InnerHost::receive_icmp(const IpView& packet) {
  constexpr std::byte kUnreachable{3};
  if (!packet.body.empty() && packet.body[0] == kUnreachable) {
    ++too_big_;
    return;
  }
  const auto echo = parse_echo(packet);
  if (!echo) {
    ++refused_;
    return;
  }
  if (echo->header.reply) return pass(packet, echo->header.identifier);
  EchoHeader answer = echo->header;
  answer.reply = true;
  send(make_echo(header_to(packet.ip.source, Protocol::icmp), answer, echo->payload));
}

void InnerHost::pass(const IpView& packet, std::uint16_t port) {
  const auto receiver = receivers_.find({packet.ip.protocol, port});
  if (receiver == receivers_.end()) {
    ++refused_;
    return;
  }
  receiver->second(packet);
}

}  // namespace hawser::sim::inner
