// The cost of a peer's queue per packet: classified, queued, and taken out again, with packets of several
// flows waiting; in turn, or each second one out of turn, as for a slow path. Prints nanoseconds of processor
// time per packet. Usage: bench_tunnel_queue [packets]

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/processor_time.hpp"
#include "tunnel/peer_queue.hpp"

namespace hawser::tunnel {
namespace {

constexpr std::size_t kSize = 1392;
constexpr std::size_t kWaiting = 256;

struct Sample {
  std::vector<std::byte> bytes;
  IpPacket ip;
};

std::vector<Sample> samples_of(std::size_t flows, std::uint8_t dscp) {
  std::vector<Sample> out(flows);
  for (std::size_t i = 0; i < flows; ++i) {
    std::vector<std::byte>& bytes = out[i].bytes;
    bytes.assign(kSize, std::byte{});
    bytes[0] = std::byte{0x45};
    bytes[1] = std::byte{static_cast<unsigned char>(dscp << 2U)};
    store_be(bytes.data() + 2, static_cast<std::uint16_t>(kSize));
    bytes[9] = std::byte{17};
    store_be(bytes.data() + 20, static_cast<std::uint16_t>(i));
    out[i].ip = *IpPacket::parse(bytes);
  }
  return out;
}

// 100 packets per millisecond come and leave.
double nanoseconds_per_packet(std::size_t packets, std::size_t flows, std::uint8_t dscp, bool out_of_turn) {
  BufferPool pool;
  PacketStore store;
  DropCounters drops;
  PeerQueue queue({}, store, drops);
  queue.set_streams(FqCodel::kFlows);
  const std::vector<Sample> samples = samples_of(flows, dscp);
  Timestamp now{std::chrono::seconds(1)};
  sctp::OutgoingMessage out;
  double begin = 0;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < packets + kWaiting; ++i) {
    if (i == kWaiting) begin = bench::processor_seconds();
    const Sample& sample = samples[i % flows];
    Buffer packet = pool.acquire(kSize);
    std::memcpy(packet.data(), sample.bytes.data(), 40);
    queue.push(now, std::move(packet), sample.ip);
    now += std::chrono::microseconds(10);
    if (i < kWaiting) continue;
    const bool realtime = queue.waiting(sctp::TrafficClass::realtime);
    if (out_of_turn && i % 2 == 0 && !realtime && queue.waiting_behind()) {
      taken += queue.next_behind(now, kWaiting / 2 * kSize, out);
      out.message.reset();
      continue;
    }
    taken += queue.next(now, realtime ? sctp::TrafficClass::realtime : sctp::TrafficClass::bulk, out);
    out.message.reset();
  }
  if (taken == 0) std::abort();
  return 1e9 * (bench::processor_seconds() - begin) / static_cast<double>(packets);
}

}  // namespace
}  // namespace hawser::tunnel

int main(int argc, char** argv) {
  const std::size_t packets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2'000'000;
  if (packets == 0) {
    std::fprintf(stderr, "usage: %s [packets]\n", argv[0]);
    return 2;
  }
  for (const std::size_t flows : {1U, 8U, 64U, 1000U}) {
    for (const std::uint8_t dscp : {std::uint8_t{0}, std::uint8_t{46}}) {
      std::printf("%4zu flows, DSCP %2u: %5.0f ns per packet\n", flows, unsigned{dscp},
                  hawser::tunnel::nanoseconds_per_packet(packets, flows, dscp, false));
    }
    std::printf("%4zu flows, half out of turn: %5.0f ns per packet\n", flows,
                hawser::tunnel::nanoseconds_per_packet(packets, flows, 0, true));
  }
}
