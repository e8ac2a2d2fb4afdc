// The cost of encryption per packet of 64, 576 and 1400 bytes: sealing and opening with both ciphers, in
// place and with the contexts that the tunnel uses, as processor time. In turns with it, the program measures
// OpenSSL's bare stream of updates of the same size without nonce, associated data and tag, and prints the
// OpenSSL command whose figure is comparable on an idle machine. (With AES-128-GCM that command finishes
// every block; with ChaCha20-Poly1305 it never does, and saves the one-time key that RFC 8439 §2.6 requires
// for each packet.) sctp_record_bench.cpp measures whole packets. Usage: bench_crypto_aead [packets]

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/openssl_stream.hpp"
#include "bench/processor_time.hpp"
#include "crypto/record_keys.hpp"

namespace hawser::crypto {
namespace {

using bench::BareStream;
using bench::processor_seconds;

constexpr std::size_t kHeader = 24;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kRounds = 11;

/// Processor times of all rounds, in nanoseconds per packet.
struct Figures {
  std::vector<double> seal, open, bare;
};

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

/// One cipher at one size: keys of both ends, a batch of packets with room for their tags, and the bare
/// stream.
class Subject {
 public:
  Subject(Cipher cipher, std::size_t size)
      : cipher_(cipher),
        size_(size),
        bare_(cipher),
        batch_(kBatch, std::vector<std::byte>(size + kAeadTagSize)) {}

  void round(std::size_t packets) {
    double stream_time = 0;
    double seal_time = 0;
    double open_time = 0;
    for (std::size_t done = 0; done < packets; done += kBatch) {
      bare_.restart();
      const double begin = processor_seconds();
      for (auto& packet : batch_) bare_.encrypt(data(packet));
      const double start = processor_seconds();
      for (std::size_t i = 0; i < kBatch; ++i) {
        const RecordIv nonce = record_nonce(ours_.send.iv, 1, sequence_ + i);
        ours_.send.key.seal(nonce, header_, data(batch_[i]), tag(batch_[i]));
      }
      const double middle = processor_seconds();
      for (std::size_t i = 0; i < kBatch; ++i) {
        const RecordIv nonce = record_nonce(theirs_.receive.iv, 1, sequence_ + i);
        if (!theirs_.receive.key.open(nonce, header_, data(batch_[i]), tag(batch_[i]))) std::abort();
      }
      stream_time += start - begin;
      seal_time += middle - start;
      open_time += processor_seconds() - middle;
      sequence_ += kBatch;
    }
    const double scale = 1e9 / static_cast<double>((packets + kBatch - 1) / kBatch * kBatch);
    figures_.bare.push_back(scale * stream_time);
    figures_.seal.push_back(scale * seal_time);
    figures_.open.push_back(scale * open_time);
  }
  void print() const {
    const double bare = median(figures_.bare);
    const auto line = [&](const char* what, double ns) {
      std::printf("%-18s %5zu bytes %-5s %7.0f ns/packet %7.2f Gbit/s  %3.0f %% of the bare stream\n",
                  name(cipher_).data(), size_, what, ns, 8.0 * static_cast<double>(size_) / ns,
                  100 * bare / ns);
    };
    line("seal", median(figures_.seal));
    line("open", median(figures_.open));
    std::printf("  compare with: openssl speed -seconds 1 -evp %s -bytes %zu\n", name(cipher_).data(), size_);
  }

 private:
  [[nodiscard]] MutableBytes data(std::vector<std::byte>& packet) const {
    return MutableBytes(packet).first(size_);
  }
  static std::span<std::byte, kAeadTagSize> tag(std::vector<std::byte>& packet) {
    return MutableBytes(packet).last<kAeadTagSize>();
  }

  Cipher cipher_;
  std::size_t size_;
  std::array<std::byte, 32> secret_{};
  std::array<std::byte, kHeader> header_{};
  RecordKeys ours_ = derive_record_keys(cipher_, TlsRole::client, 0, secret_, nullptr);
  RecordKeys theirs_ = derive_record_keys(cipher_, TlsRole::server, 0, secret_, nullptr);
  BareStream bare_;
  std::vector<std::vector<std::byte>> batch_;
  std::uint64_t sequence_ = 0;
  Figures figures_;
};

// Prints medians. The ciphers take turns, and each is the first in every other round.
void measure(std::size_t size, std::size_t packets) {
  Subject aes(Cipher::aes_128_gcm, size);
  Subject chacha(Cipher::chacha20_poly1305, size);
  for (std::size_t round = 0; round < kRounds; ++round) {
    (round % 2 == 0 ? aes : chacha).round(packets);
    (round % 2 == 0 ? chacha : aes).round(packets);
  }
  aes.print();
  chacha.print();
}

int run(int argc, char** argv) {
  const std::size_t packets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 40'000;
  for (const std::size_t size : {64U, 576U, 1400U}) measure(size, packets);
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
