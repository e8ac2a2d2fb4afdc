// The cost of the engine per packet, without I/O: two endpoints in one process exchange datagrams in memory.
// Prints nanoseconds of processor time per message for both sides together, of plain and of protected
// associations, measured in turns, and of the checksum alone.
// Usage: bench_sctp_engine [messages per round [plain|aes-128-gcm|chacha20-poly1305]]

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bench/processor_time.hpp"
#include "hawser/crypto/random.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "sctp/wire/crc32c.hpp"

namespace hawser {
namespace {

constexpr std::size_t kMessageSize = 1392;
constexpr std::size_t kRounds = 9;

using MaybeCipher = std::optional<crypto::Cipher>;  ///< nullopt: plain mode
constexpr std::array<MaybeCipher, 3> kModes = {std::nullopt, crypto::Cipher::aes_128_gcm,
                                               crypto::Cipher::chacha20_poly1305};

sctp::SecurityConfig security_config(const crypto::PrivateKey& own, const crypto::PrivateKey& peer,
                                     crypto::Cipher cipher) {
  sctp::SecurityConfig out{.private_key = own.clone(), .peers = {}, .cipher_costs = {1, 2}};
  if (cipher == crypto::Cipher::chacha20_poly1305) out.cipher_costs = {2, 1};
  out.peers.push_back({peer.public_key(), {}});
  return out;
}

double nanoseconds_since(double begin) {
  return 1e9 * (bench::processor_seconds() - begin);
}

/// Delivers the datagrams of one endpoint to the other, in place; both see the same route. Owns its batch.
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

/// An initiator and a responder that see each other under the same route, so that no address needs
/// translation. Owns both endpoints and their buffer pool.
class Pair {
 public:
  explicit Pair(MaybeCipher cipher)
      : initiator_key_(crypto::PrivateKey::generate(random_)),
        responder_key_(crypto::PrivateKey::generate(random_)) {
    const Route route{SocketId(0), *IpAddress::parse("192.0.2.1"), {*IpAddress::parse("192.0.2.1"), 9899}};
    if (cipher) {
      initiator_ = std::make_unique<sctp::Endpoint>(config(false), random_, pool_,
                                                    security_config(initiator_key_, responder_key_, *cipher));
      responder_ = std::make_unique<sctp::Endpoint>(config(true), random_, pool_,
                                                    security_config(responder_key_, initiator_key_, *cipher));
      id_ = initiator_->connect(now_, route, responder_key_.public_key());
    } else {
      initiator_ = std::make_unique<sctp::Endpoint>(config(false), random_, pool_);
      responder_ = std::make_unique<sctp::Endpoint>(config(true), random_, pool_);
      id_ = initiator_->connect(now_, route);
    }
    exchange();
    if (initiator_->status(id_)->protection.has_value() != cipher.has_value()) std::abort();
  }

  double nanoseconds_per_message(std::size_t messages, std::uint16_t streams) {
    const double begin = bench::processor_seconds();
    std::size_t received = 0;
    std::size_t sent = 0;
    while (received < messages) {
      for (int i = 0; i < 64 && sent < messages; ++i, ++sent) {
        sctp::SendOptions options;
        options.stream = sctp::StreamId(static_cast<std::uint16_t>(sent % streams));
        if (initiator_->send(now_, id_, pool_.acquire(kMessageSize), options) != sctp::SendResult::ok) break;
      }
      exchange();
      while (responder_->poll_message()) ++received;
      now_ += std::chrono::microseconds(100);
      if (initiator_->next_timeout() <= now_) initiator_->handle_timeout(now_);
      if (responder_->next_timeout() <= now_) responder_->handle_timeout(now_);
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
  void exchange() {
    bool moved = true;
    while (moved) {
      moved = wire_.carry(now_, *initiator_, *responder_);
      moved |= wire_.carry(now_, *responder_, *initiator_);
    }
  }

  Timestamp now_{std::chrono::seconds(1)};
  crypto::SystemRandom random_;
  BufferPool pool_;
  crypto::PrivateKey initiator_key_;
  crypto::PrivateKey responder_key_;
  std::unique_ptr<sctp::Endpoint> initiator_;
  std::unique_ptr<sctp::Endpoint> responder_;
  sctp::AssociationId id_;
  Wire wire_;
};

void bench_checksum() {
  std::vector<std::byte> packet(1452);
  constexpr int kPackets = 1'000'000;
  std::uint32_t sum = 0;
  const double begin = bench::processor_seconds();
  for (int i = 0; i < kPackets; ++i) {
    packet[0] = static_cast<std::byte>(i);
    sum ^= sctp::wire::crc32c(packet);
  }
  std::printf("crc32c of %zu bytes: %.1f ns (%08x)\n", packet.size(), nanoseconds_since(begin) / kPackets,
              sum);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

const char* name(const MaybeCipher& mode) {
  return mode ? crypto::name(*mode).data() : "plain";
}

bool is_mode(std::string_view text) {
  return std::ranges::any_of(kModes, [text](const MaybeCipher& mode) { return text == name(mode); });
}

// Measures the modes in turns, so that other work on the machine affects all of them. `only`: the one mode to
// measure, or empty for all.
void bench_engines(std::size_t messages, std::uint16_t streams, std::string_view only) {
  struct Measured {
    MaybeCipher mode;
    std::unique_ptr<Pair> pair;
    std::vector<double> costs;
  };
  std::vector<Measured> all;
  for (const MaybeCipher& mode : kModes) {
    if (!only.empty() && only != name(mode)) continue;
    all.push_back({mode, std::make_unique<Pair>(mode), {}});
    all.back().pair->nanoseconds_per_message(messages, streams);  // warm-up of pools and window
  }
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (Measured& each : all) each.costs.push_back(each.pair->nanoseconds_per_message(messages, streams));
  }
  std::printf("both engines, %zu-byte messages on %u streams:\n", kMessageSize, streams);
  double first = 0;
  for (const Measured& each : all) {
    const double ns = median(each.costs);
    if (first == 0) first = ns;
    std::printf("  %-18s %6.0f ns per message %6.2f Gbit/s, %.2f times %s\n", name(each.mode), ns,
                kMessageSize * 8 / ns, ns / first, name(all.front().mode));
  }
}

}  // namespace
}  // namespace hawser

int main(int argc, char** argv) {
  const std::size_t messages = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 50'000;
  const std::string_view only = argc > 2 ? argv[2] : "";
  if (messages == 0 || (!only.empty() && !hawser::is_mode(only))) {
    std::fprintf(stderr, "usage: %s [messages per round [plain|aes-128-gcm|chacha20-poly1305]]\n", argv[0]);
    return 2;
  }
  hawser::bench_checksum();
  for (const std::uint16_t streams : {std::uint16_t{1}, std::uint16_t{64}})
    hawser::bench_engines(messages, streams, only);
}
