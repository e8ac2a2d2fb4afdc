// The cost of encryption per packet of 1400 bytes: sealing and opening with both ciphers, in place and with
// the contexts that the tunnel uses, as processor time. In turns with it, the program measures OpenSSL's bare
// stream of 1400-byte updates without nonce, associated data and tag, and prints the OpenSSL command whose
// figure is comparable on an idle machine. (With AES-128-GCM that command finishes every block; with
// ChaCha20-Poly1305 it never does, and saves the one-time key that RFC 8439 §2.6 requires for each packet.)
// sctp_record_bench.cpp measures whole packets. Usage: bench_crypto_aead [packets]

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "bench/openssl_stream.hpp"
#include "bench/processor_time.hpp"
#include "crypto/record_keys.hpp"

namespace hawser::crypto {
namespace {

using bench::BareStream;
using bench::processor_seconds;

constexpr std::size_t kPacket = 1400;
constexpr std::size_t kHeader = 24;
constexpr int kRounds = 10;

void print(Cipher cipher, const char* what, double seconds, std::size_t packets) {
  const double ns = 1e9 * seconds / static_cast<double>(packets);
  std::printf("%-18s %-5s %7.0f ns/packet %7.2f Gbit/s %12.2fk bytes/s\n", name(cipher).data(), what, ns,
              8.0 * kPacket / ns, 1e6 * kPacket / ns);
}

/// One packet with room for its tag.
struct Packet {
  std::array<std::byte, kPacket + kAeadTagSize> bytes{};
  [[nodiscard]] MutableBytes data() { return MutableBytes(bytes).first(kPacket); }
  [[nodiscard]] std::span<std::byte, kAeadTagSize> tag() { return MutableBytes(bytes).last<kAeadTagSize>(); }
};

// Prints the best of some rounds: other work on the machine can only add time.
void measure(Cipher cipher, std::size_t packets) {
  const std::array<std::byte, 32> secret{};
  const std::array<std::byte, kHeader> header{};
  RecordKeys ours = derive_record_keys(cipher, TlsRole::client, 0, secret, nullptr);
  RecordKeys theirs = derive_record_keys(cipher, TlsRole::server, 0, secret, nullptr);
  std::array<Packet, 64> batch;
  BareStream bare(cipher);
  double streaming = std::numeric_limits<double>::max();
  double sealing = std::numeric_limits<double>::max();
  double opening = std::numeric_limits<double>::max();
  std::uint64_t sequence = 0;
  for (int round = 0; round < kRounds; ++round) {
    double stream_time = 0;
    double seal_time = 0;
    double open_time = 0;
    for (std::size_t done = 0; done < packets; done += batch.size()) {
      bare.restart();
      const double begin = processor_seconds();
      for (Packet& packet : batch) bare.encrypt(packet.data());
      const double start = processor_seconds();
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const RecordIv nonce = record_nonce(ours.send.iv, 1, sequence + i);
        ours.send.key.seal(nonce, header, batch[i].data(), batch[i].tag());
      }
      const double middle = processor_seconds();
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const RecordIv nonce = record_nonce(theirs.receive.iv, 1, sequence + i);
        if (!theirs.receive.key.open(nonce, header, batch[i].data(), batch[i].tag())) std::abort();
      }
      stream_time += start - begin;
      seal_time += middle - start;
      open_time += processor_seconds() - middle;
      sequence += batch.size();
    }
    streaming = std::min(streaming, stream_time);
    sealing = std::min(sealing, seal_time);
    opening = std::min(opening, open_time);
  }
  const std::size_t rounded = (packets + batch.size() - 1) / batch.size() * batch.size();
  print(cipher, "seal", sealing, rounded);
  print(cipher, "open", opening, rounded);
  print(cipher, "bare", streaming, rounded);
  std::printf("  seal at %.0f %%, open at %.0f %% of the bare stream\n", 100 * streaming / sealing,
              100 * streaming / opening);
  std::printf("  compare with: openssl speed -seconds 1 -evp %s -bytes %zu\n", name(cipher).data(), kPacket);
}

int run(int argc, char** argv) {
  const std::size_t packets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 40'000;
  measure(Cipher::aes_128_gcm, packets);
  measure(Cipher::chacha20_poly1305, packets);
  const CipherCosts costs = measure_ciphers();
  std::printf("measure_ciphers(): aes-128-gcm %u ns, chacha20-poly1305 %u ns\n", costs.aes_128_gcm,
              costs.chacha20_poly1305);
  return 0;
}

}  // namespace
}  // namespace hawser::crypto

int main(int argc, char** argv) {
  return hawser::crypto::run(argc, argv);
}
