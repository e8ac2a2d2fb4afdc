// The cost of sealing and opening a packet of a protected association: 1400 bytes in total, as RecordLayer
// does it for every datagram, in processor time on one core. In turns with it, the program measures OpenSSL's
// bare stream of 1400-byte updates, which has no nonce, associated data, tag, record header or replay window:
// the lower limit of a packet's cost. Prints the medians of some rounds, and the OpenSSL command to compare
// with. Usage: bench_sctp_record [packets per round]

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "bench/openssl_stream.hpp"
#include "bench/processor_time.hpp"
#include "sctp/security/record_layer.hpp"

namespace hawser::sctp {
namespace {

using bench::BareStream;
using bench::processor_seconds;

constexpr std::size_t kPacket = 1400;
constexpr std::size_t kRounds = 15;

/// Counts the processor cycles of this program. Reads zero without access to the counter, as in most virtual
/// machines. Owns a file descriptor.
class CycleCounter {
 public:
  CycleCounter() {
    perf_event_attr what{};
    what.type = PERF_TYPE_HARDWARE;
    what.size = sizeof what;
    what.config = PERF_COUNT_HW_CPU_CYCLES;
    what.exclude_kernel = 1;
    file_ = static_cast<int>(::syscall(SYS_perf_event_open, &what, 0, -1, -1, 0UL));
  }
  ~CycleCounter() {
    if (file_ >= 0) ::close(file_);
  }
  CycleCounter(const CycleCounter&) = delete;
  CycleCounter& operator=(const CycleCounter&) = delete;

  [[nodiscard]] double read() const {
    std::uint64_t count = 0;
    const bool got = file_ >= 0 && ::read(file_, &count, sizeof count) == sizeof count;
    return got ? static_cast<double>(count) : 0;
  }

 private:
  int file_;
};

/// Processor time and cycles of some work.
struct Cost {
  double seconds = 0;
  double cycles = 0;
};

// Adds the cost of `work` to `cost`.
template <class Work>
void meter(const CycleCounter& counter, Cost& cost, Work work) {
  const double cycles = counter.read();
  const double seconds = processor_seconds();
  work();
  cost.seconds += processor_seconds() - seconds;
  cost.cycles += counter.read() - cycles;
}

/// The costs of one round, per packet.
struct Round {
  Cost sealing, opening, bare;
};

/// Both ends of one path, and a batch of packets that is sealed and opened again and again.
class RecordBench {
 public:
  explicit RecordBench(crypto::Cipher cipher) : bare_(cipher) {
    const std::array<std::byte, 32> secret{};
    ours_.install(Epoch{0}, crypto::derive_record_keys(cipher, crypto::TlsRole::client, 0, secret, nullptr));
    ours_.send_with(Epoch{0});
    theirs_.install(Epoch{0},
                    crypto::derive_record_keys(cipher, crypto::TlsRole::server, 0, secret, nullptr));
    for (auto& packet : batch_)
      wire::CommonHeader{9899, 9899, VerificationTag{0x1234'5678}, 0}.store(packet.data());
  }

  /// Runs one round; returns the costs per packet.
  Round round(std::size_t packets) {
    Round sum;
    const std::size_t batches = (packets + batch_.size() - 1) / batch_.size();
    for (std::size_t i = 0; i < batches; ++i) {
      bare_.restart();
      meter(counter_, sum.bare, [this] {
        for (auto& packet : batch_) bare_.encrypt(packet);
      });
      for (auto& packet : batch_)
        wire::CommonHeader{9899, 9899, VerificationTag{0x1234'5678}, 0}.store(packet.data());
      meter(counter_, sum.sealing, [this] {
        for (auto& packet : batch_) {
          if (!ours_.seal(packet, numbers_)) std::abort();
        }
      });
      meter(counter_, sum.opening, [this] {
        for (auto& packet : batch_) {
          if (!theirs_.open(packet)) std::abort();
        }
      });
    }
    for (Cost* cost : {&sum.sealing, &sum.opening, &sum.bare}) {
      cost->seconds /= static_cast<double>(batches * batch_.size());
      cost->cycles /= static_cast<double>(batches * batch_.size());
    }
    return sum;
  }

 private:
  CycleCounter counter_;
  BareStream bare_;
  security::RecordLayer ours_{true};
  security::RecordLayer theirs_{true};
  path::RecordNumbers numbers_;
  std::array<std::array<std::byte, kPacket>, 46> batch_{};  // the size of a TransmitBatch
};

Cost median(const std::vector<Round>& rounds, Cost Round::*what) {
  std::vector<Cost> costs;
  for (const Round& round : rounds) costs.push_back(round.*what);
  std::ranges::sort(costs, {}, &Cost::seconds);
  return costs[costs.size() / 2];
}

void print(const char* what, const Cost& cost, const Cost& bare) {
  const double ns = 1e9 * cost.seconds;
  std::printf("  %-5s %7.0f ns/packet", what, ns);
  if (cost.cycles > 0) std::printf(" %7.0f cycles/packet", cost.cycles);
  std::printf(" %6.2f Gbit/s %12.2fk bytes/s %4.0f %% of bare\n", 8.0 * kPacket / ns, 1e6 * kPacket / ns,
              100 * bare.seconds / cost.seconds);
}

void measure(crypto::Cipher cipher, std::size_t packets) {
  RecordBench bench(cipher);
  static_cast<void>(bench.round(packets));  // warm-up
  std::vector<Round> rounds;
  for (std::size_t i = 0; i < kRounds; ++i) rounds.push_back(bench.round(packets));
  const Cost bare = median(rounds, &Round::bare);
  std::printf("%s, packets of %zu bytes (openssl speed -seconds 3 -evp %s -bytes %zu)\n",
              crypto::name(cipher).data(), kPacket, crypto::name(cipher).data(), kPacket);
  print("seal", median(rounds, &Round::sealing), bare);
  print("open", median(rounds, &Round::opening), bare);
  print("bare", bare, bare);
}

}  // namespace
}  // namespace hawser::sctp

int main(int argc, char** argv) {
  const std::size_t packets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
  hawser::sctp::measure(hawser::crypto::Cipher::aes_128_gcm, packets);
  hawser::sctp::measure(hawser::crypto::Cipher::chacha20_poly1305, packets);
}
