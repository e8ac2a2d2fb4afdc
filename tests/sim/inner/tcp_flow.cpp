#include "sim/inner/tcp_flow.hpp"

#include <algorithm>

namespace hawser::sim::inner {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kFirstSeq = 0x1000'0000;
constexpr std::uint16_t kHeadersWithoutOptions = 40;
constexpr std::size_t kTimestamps = 12;

std::uint32_t clock(Timestamp now) {
  return static_cast<std::uint32_t>(now.time_since_epoch() / 1ms);
}

}  // namespace

TcpFlow::TcpFlow(InnerHost& client, InnerHost& server, const Config& config)
    : client_(client), server_(server), config_(config), retry_(client.events(), [this] { send_syn(); }) {
  client_.bind(Protocol::tcp, config_.client_port, [this](const IpView& packet) { at_client(packet); });
  server_.bind(Protocol::tcp, config_.port, [this](const IpView& packet) { at_server(packet); });
}

void TcpFlow::start() {
  arrivals_.begin(client_.now());
  send_syn();
}

void TcpFlow::stop() {
  retry_.cancel();
  if (sender_) sender_->stop();
}

FlowCounters TcpFlow::totals() const {
  if (!sender_) return {};
  const TcpCounters& counters = sender_->counters();
  return {counters.sent, counters.sent_again, counters.timeouts};
}

void TcpFlow::send_syn() {
  syn_sent_ = client_.now();
  retry_.set(client_.now() + 1s * (1 << std::min(tries_, 6U)));
  ++tries_;
  TcpHeader header;
  header.syn = true;
  header.seq = kFirstSeq - 1;
  header.window = TcpReceiver::kFirstWindow;
  header.mss = static_cast<std::uint16_t>(config_.mtu - kHeadersWithoutOptions);
  header.window_scale = TcpReceiver::kWindowScale;
  header.timestamp = clock(client_.now());
  from_client(header, 0, false);
}

// Both ends have the same MTU, so that the smaller of both MSS is that of the SYN that was lowered more.
void TcpFlow::open(std::uint16_t offered) {
  if (receiver_) return;
  mss_ = std::min<std::size_t>(offered, config_.mtu - kHeadersWithoutOptions) - kTimestamps;
  TcpReceiver::Config receiver{mss_, kFirstSeq, config_.largest_window, config_.ecn};
  auto& from = config_.download ? client_ : server_;
  receiver_ = std::make_unique<TcpReceiver>(from.events(), receiver, [this](TcpHeader& header) {
    config_.download ? from_client(header, 0, false) : from_server(header, 0, false);
  });
  receiver_->on_data = [this](std::uint64_t bytes) { arrivals_.add(client_.now(), bytes); };
}

void TcpFlow::begin_sending() {
  if (sender_) return;
  TcpSender::Config sender;
  sender.mss = mss_;
  sender.first_seq = kFirstSeq;
  sender.window = TcpReceiver::kFirstWindow;
  sender.window_scale = TcpReceiver::kWindowScale;
  sender.send_buffer = config_.send_buffer;
  sender.ecn = config_.ecn;
  const auto send = [this](TcpHeader& header, std::size_t payload, bool ect) {
    config_.download ? from_server(header, payload, ect) : from_client(header, payload, ect);
  };
  sender_ = std::make_unique<TcpSender>(client_.events(), sender, send);
  sender_->start(client_.now() - (config_.download ? answered_ : syn_sent_));
}

void TcpFlow::at_server(const IpView& packet) {
  const auto segment = parse_tcp(packet);
  if (!segment || segment->header.source_port != config_.client_port) return;
  if (segment->header.syn) {
    if (!segment->header.mss) return;
    open(*segment->header.mss);
    answered_ = server_.now();
    TcpHeader answer;
    answer.syn = answer.acks = true;
    answer.seq = kFirstSeq - 1;
    answer.ack = kFirstSeq;
    answer.window = TcpReceiver::kFirstWindow;
    answer.mss = static_cast<std::uint16_t>(mss_ + kTimestamps);
    answer.window_scale = TcpReceiver::kWindowScale;
    answer.timestamp = clock(server_.now());
    answer.echo = segment->header.timestamp;
    from_server(answer, 0, false);
  } else if (receiver_ && config_.download) {
    begin_sending();
    sender_->on_ack(segment->header);
  } else if (receiver_) {
    to_data_end(*segment, packet.ip.ecn);
  }
}

void TcpFlow::at_client(const IpView& packet) {
  const auto segment = parse_tcp(packet);
  if (!segment || segment->header.source_port != config_.port) return;
  if (!segment->header.syn) {
    if (sender_ && !config_.download) sender_->on_ack(segment->header);
    if (!config_.download || !receiver_) return;
    retry_.cancel();
    return to_data_end(*segment, packet.ip.ecn);
  }
  if (segment->header.mss) mss_ = std::min<std::size_t>(mss_, *segment->header.mss - kTimestamps);
  if (!config_.download) {
    retry_.cancel();
    return begin_sending();
  }
  // The SYN is repeated until data arrives, in case that this acknowledgement is lost.
  TcpHeader header;
  header.acks = true;
  header.seq = header.ack = kFirstSeq;
  header.window = TcpReceiver::kFirstWindow >> TcpReceiver::kWindowScale;
  header.timestamp = clock(client_.now());
  header.echo = segment->header.timestamp;
  from_client(header, 0, false);
}

void TcpFlow::from_client(TcpHeader& header, std::size_t payload, bool ect) {
  header.source_port = config_.client_port;
  header.destination_port = config_.port;
  header.acks = header.acks || payload != 0;
  if (payload != 0) header.ack = kFirstSeq;
  IpHeader ip = client_.header_to(server_.address(), Protocol::tcp);
  if (ect) ip.ecn = Ecn::ect0;
  client_.send(make_tcp(ip, header, payload));
}

void TcpFlow::from_server(TcpHeader& header, std::size_t payload, bool ect) {
  header.source_port = config_.port;
  header.destination_port = config_.client_port;
  header.acks = true;
  if (payload != 0) header.ack = kFirstSeq;
  IpHeader ip = server_.header_to(client_.address(), Protocol::tcp);
  if (ect) ip.ecn = Ecn::ect0;
  server_.send(make_tcp(ip, header, payload));
}

}  // namespace hawser::sim::inner
