// What the engine costs per packet, without any I/O: two endpoints in one process, their datagrams handed
// over in memory. Prints messages per second and nanoseconds per message for both sides together, and the
// checksum alone.

#include <chrono>
#include <cstdio>
#include <vector>

#include "hawser/crypto/random.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "sctp/wire/crc32c.hpp"

namespace hawser {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMessageSize = 1392;

double nanoseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

/// Hands every datagram of `from` to `to`; `reply` is the route on which `to` sees it.
class Wire {
 public:
  bool carry(Timestamp now, sctp::Endpoint& from, sctp::Endpoint& to) {
    if (!from.poll_transmit(now, batch_)) return false;
    datagrams_.clear();
    MutableBytes rest = batch_.bytes();
    for (const std::size_t size : batch_.sizes()) {
      datagrams_.push_back({batch_.route, rest.first(size)});
      rest = rest.subspan(size);
    }
    to.handle_datagrams(now, datagrams_);
    return true;
  }

 private:
  TransmitBatch batch_;
  std::vector<ReceivedDatagram> datagrams_;
};

/// Client and server that see each other under the same route, so that no address has to be translated.
class Pair {
 public:
  Pair() : client_(config(false), random_, pool_), server_(config(true), random_, pool_) {
    const Route route{UplinkId(0), *IpAddress::parse("192.0.2.1"), {*IpAddress::parse("192.0.2.1"), 9899}};
    id_ = client_.connect(now_, route);
    settle();
  }

  double nanoseconds_per_message(std::size_t messages, std::uint16_t streams) {
    const auto begin = Clock::now();
    std::size_t received = 0;
    std::size_t sent = 0;
    while (received < messages) {
      for (int i = 0; i < 64 && sent < messages; ++i, ++sent) {
        sctp::SendOptions options;
        options.stream = sctp::StreamId(static_cast<std::uint16_t>(sent % streams));
        if (client_.send(now_, id_, pool_.acquire(kMessageSize), options) != sctp::SendResult::ok) break;
      }
      settle();
      while (server_.poll_message()) ++received;
      now_ += std::chrono::microseconds(100);
      if (client_.next_timeout() <= now_) client_.handle_timeout(now_);
      if (server_.next_timeout() <= now_) server_.handle_timeout(now_);
    }
    return nanoseconds_since(begin) / static_cast<double>(messages);
  }

 private:
  static sctp::EndpointConfig config(bool accept) {
    sctp::EndpointConfig config;
    config.accept = accept;
    config.receive_window = 16U << 20;
    config.send_buffer = 8U << 20;
    config.sack_delay = std::chrono::milliseconds(20);
    return config;
  }
  void settle() {
    bool moved = true;
    while (moved) {
      moved = wire_.carry(now_, client_, server_);
      moved |= wire_.carry(now_, server_, client_);
    }
  }

  Timestamp now_{std::chrono::seconds(1)};
  crypto::SystemRandom random_;
  BufferPool pool_;
  sctp::Endpoint client_;
  sctp::Endpoint server_;
  sctp::AssociationId id_;
  Wire wire_;
};

void bench_checksum() {
  std::vector<std::byte> packet(1452);
  constexpr int kRounds = 1'000'000;
  std::uint32_t sum = 0;
  const auto begin = Clock::now();
  for (int i = 0; i < kRounds; ++i) {
    packet[0] = static_cast<std::byte>(i);
    sum ^= sctp::wire::crc32c(packet);
  }
  std::printf("crc32c of %zu bytes: %.1f ns (%08x)\n", packet.size(), nanoseconds_since(begin) / kRounds,
              sum);
}

}  // namespace
}  // namespace hawser

int main() {
  hawser::bench_checksum();
  for (const std::uint16_t streams : {std::uint16_t{1}, std::uint16_t{64}}) {
    hawser::Pair pair;
    pair.nanoseconds_per_message(50'000, streams);  // warms pools and window up
    const double ns = pair.nanoseconds_per_message(500'000, streams);
    std::printf("both engines, %zu-byte messages on %2u streams: %.0f ns per message, %.2f Gbit/s\n",
                hawser::kMessageSize, streams, ns, hawser::kMessageSize * 8 / ns);
  }
}
