// The cost of a datagram and of an IP packet in the kernel: a UDP socket over loopback with and without
// segmentation offload, and a TUN device. Prints one line per case: packets per second and nanoseconds per
// packet. Needs root (it uses a network namespace of its own). Usage: bench_io [packets]

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "io/tun/tun_device.hpp"
#include "io/udp/udp_socket.hpp"
#include "unit/io/net_test_support.hpp"

namespace hawser::io::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPayload = 1400;

void print(const char* what, std::size_t packets, Clock::duration spent) {
  const double ns = std::chrono::duration<double, std::nano>(spent).count();
  std::printf("%-44s %12.0f packets/s %8.0f ns/packet\n", what, 1e9 * static_cast<double>(packets) / ns,
              ns / static_cast<double>(packets));
}

// Sends batches and receives them immediately, on one thread: the cost of each end.
void measure_udp(const char* what, std::size_t packets, bool gso, bool gro, std::size_t batch_size) {
  udp::UdpSocketOptions options;
  options.bind = address("127.0.0.1:0");
  options.gso = gso;
  options.gro = gro;
  options.receive_buffer = 16U << 20;
  udp::UdpSocket sender(options);
  udp::UdpSocket receiver(options);
  const auto batch = make_batch(receiver.local_address(), std::vector<std::size_t>(batch_size, kPayload));
  Clock::duration sending{};
  Clock::duration receiving{};
  std::size_t received = 0;
  for (std::size_t sent = 0; sent < packets; sent += 4 * batch_size) {
    const auto start = Clock::now();
    for (int i = 0; i < 4; ++i) sender.send(batch);
    const auto middle = Clock::now();
    for (auto got = receiver.receive(); !got.empty(); got = receiver.receive()) received += got.size();
    sending += middle - start;
    receiving += Clock::now() - middle;
  }
  std::printf("%s (%llu of %llu arrived)\n", what, static_cast<unsigned long long>(received),
              static_cast<unsigned long long>(sender.counters().tx_datagrams));
  print("  send", received, sending);
  print("  receive", received, receiving);
}

// Measures reading packets from the device after the host has sent them, and writing them back to a socket of
// the host.
void measure_tun(std::size_t packets) {
  tun::TunDevice tun({"hwbench0", 1500, {IpPrefix::parse("10.90.0.2/24").value()}, std::uint32_t{2000}});
  udp::UdpSocketOptions options;
  options.bind = address("10.90.0.2:7000");
  udp::UdpSocket host(options);
  // Exchanging source and destination of a packet that the host sent into the tunnel makes it a packet to the
  // host.
  const auto batch = make_batch(address("10.90.0.9:7000"), std::vector<std::size_t>(32, kPayload));
  BufferPool pool;
  std::array<Buffer, 64> buffers;
  std::vector<Bytes> views;
  Clock::duration reading{};
  Clock::duration writing{};
  std::size_t read = 0;
  std::size_t delivered = 0;
  while (read < packets) {
    host.send(batch);
    host.send(batch);
    const auto start = Clock::now();
    const std::size_t count = tun.read(pool, buffers);
    const auto middle = Clock::now();
    reading += middle - start;
    views.clear();
    for (Buffer& packet : std::span(buffers).first(count)) {
      std::swap_ranges(packet.data() + 12, packet.data() + 16, packet.data() + 16);  // keeps the checksums
      views.push_back(packet.bytes());
    }
    const auto rewritten = Clock::now();
    tun.write(views);
    writing += Clock::now() - rewritten;
    for (auto got = host.receive(); !got.empty(); got = host.receive()) delivered += got.size();
    read += count;
  }
  std::printf("tun device (%llu of %llu came back)\n", static_cast<unsigned long long>(delivered),
              static_cast<unsigned long long>(read));
  print("  read", read, reading);
  print("  write (and the host's stack)", read, writing);
}

bool run(std::size_t packets) {
  if (!raise_interface("lo", 65536)) return false;
  measure_udp("udp, one datagram per send", packets, false, false, 1);
  measure_udp("udp, sendmmsg and recvmmsg", packets, false, false, 46);
  measure_udp("udp, gso and gro", packets, true, true, 46);
  measure_tun(packets);
  return true;
}

}  // namespace
}  // namespace hawser::io::test

int main(int argc, char** argv) {
  const std::size_t packets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 500'000;
  bool ok = false;
  const bool made = hawser::io::test::in_fresh_namespace([&] { ok = hawser::io::test::run(packets); });
  if (!made) std::fprintf(stderr, "cannot create a network namespace: run as root\n");
  return made && ok ? 0 : 1;
}
