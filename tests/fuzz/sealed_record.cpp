// Gives sealed datagrams to a record layer and to a protected association that is up: arbitrary bytes,
// damaged or repeated records, and genuine ones around arbitrary chunks, so that their content is fuzzed too.
//
// In all cases: only a genuine record has an effect; all output of the endpoint is sealed, can be opened and
// ends; an address that is not validated gets at most three times the bytes received from it.

#include <deque>

#include "protected_peer.hpp"

namespace hawser::sctp::fuzz {
namespace {

/// Checks that a record layer only opens datagrams that the other end sealed.
class Records {
 public:
  Records() {
    const ByteVector secret(32, std::byte{7});
    ours_.install(Epoch{0}, crypto::derive_record_keys(crypto::Cipher::aes_128_gcm, crypto::TlsRole::client,
                                                       0, secret, nullptr));
    ours_.send_with(Epoch{0});
    theirs_.install(Epoch{0}, crypto::derive_record_keys(crypto::Cipher::aes_128_gcm, crypto::TlsRole::server,
                                                         0, secret, nullptr));
  }
  void open(ByteVector datagram) {
    if (datagram.size() < wire::kCommonHeaderSize) return;
    require(!theirs_.open(datagram).has_value());
  }
  void seal_and_open(Bytes chunks, Input& input) {
    ByteVector packet(wire::kCommonHeaderSize + wire::kSealedOverhead + chunks.size());
    std::ranges::copy(chunks, packet.begin() + wire::kSealedHeadSize);
    require(ours_.seal(packet, numbers_));
    ByteVector altered = packet;
    altered[input.u16() % altered.size()] ^= static_cast<std::byte>(1U << input.u8() % 8);
    open(altered);
    ByteVector copy = packet;
    const auto opened = theirs_.open(copy);
    require(opened && std::ranges::equal(opened->packet.subspan(wire::kCommonHeaderSize), chunks));
    open(packet);
  }

 private:
  security::RecordLayer ours_{true};
  security::RecordLayer theirs_{true};
  path::RecordNumbers numbers_;
};

/// A protected hub in an association that is up, and its peer.
class SealedAssociation {
 public:
  explicit SealedAssociation(Input input) : input_(input) {
    connect_edge(hub_, peer_, [this](const ByteVector& packet) { give(usual_route(), packet); });
  }

  void run() {
    for (unsigned commands = 0; !input_.empty() && commands < 300; ++commands) step();
  }

 private:
  void give(const Route& route, const ByteVector& packet) {
    if (route == other_route()) received_from_other_ += packet.size();
    handle_output(hub_.give(route, packet));
  }
  void handle_output(const std::vector<Sent>& sent) {
    for (const Sent& each : sent) {
      if (hub_.up()) require(wire::is_sealed(each.bytes));
      if (each.route == other_route()) sent_to_other_ += each.bytes.size();
      peer_.receive(hub_.now(), each.bytes);
    }
    require(sent_to_other_ <= 3 * received_from_other_);
  }
  /// Gives a packet that is no genuine record; expects one counted drop and no output.
  void give_and_expect_drop(const Route& route, const ByteVector& packet) {
    const std::uint64_t before = hub_.drops();
    require(hub_.give(route, packet).empty());
    require(hub_.drops() == before + 1);
  }
  [[nodiscard]] Route some_route() { return input_.u8() % 4 == 0 ? other_route() : usual_route(); }

  void arbitrary() {
    const Bytes raw = input_.take(input_.u8() * 4U);
    ByteVector packet(wire::kCommonHeaderSize);
    wire::CommonHeader{kPort, kPort, peer_.peer_tag(), 0}.store(packet.data());
    packet.insert(packet.end(), raw.begin(), raw.end());
    if (packet.size() > wire::kCommonHeaderSize) packet[wire::kCommonHeaderSize] = std::byte{0x5e};
    const bool long_enough = packet.size() >= wire::kCommonHeaderSize + 4;
    if (long_enough && input_.u8() % 4 != 0)
      store_be(packet.data() + wire::kCommonHeaderSize + 2,
               static_cast<std::uint16_t>(packet.size() - wire::kCommonHeaderSize));
    records_.open(packet);
    give_and_expect_drop(some_route(), packet);
  }
  /// Gives a genuine record around chunks from the input.
  void genuine() {
    const Bytes chunks = input_.take(std::min<std::size_t>(input_.u8() * 4U, kMaxPacketSize - 100));
    records_.seal_and_open(chunks, input_);
    auto packet = peer_.seal(chunks);
    if (!packet) return;
    history_.push_back(*packet);
    if (history_.size() > 16) history_.pop_front();
    give(some_route(), *packet);
  }
  void damaged() {
    auto packet = peer_.seal(input_.take(input_.u8()));
    if (!packet) return;
    const unsigned at = input_.u16();
    (*packet)[at % packet->size()] ^= static_cast<std::byte>(1U << input_.u8() % 8);
    give_and_expect_drop(some_route(), *packet);
  }
  void cut() {
    auto packet = peer_.seal(input_.take(input_.u8()));
    if (!packet) return;
    packet->resize(wire::kCommonHeaderSize + 1 +
                   input_.u16() % (packet->size() - wire::kCommonHeaderSize - 1));
    give_and_expect_drop(some_route(), *packet);
  }
  void repeated() {
    if (history_.empty()) return;
    give_and_expect_drop(some_route(), history_[input_.u8() % history_.size()]);
  }
  /// Gives user data, so that there is something to acknowledge and to put in order.
  void use() {
    wire::DataChunk data;
    data.begin = data.end = true;
    data.stream = StreamId{static_cast<std::uint16_t>(input_.u8() % 8)};
    data.ssn = Ssn{input_.u8()};
    data.tsn = peer_.tsn()++;
    data.ppid = Ppid{1};
    data.payload = input_.take(input_.u8());
    if (const auto packet = peer_.seal(chunk_bytes(data))) give(usual_route(), *packet);
  }

  void step() {
    switch (input_.u8() % 9) {
      case 0: arbitrary(); break;
      case 1:
      case 2: genuine(); break;
      case 3: damaged(); break;
      case 4: cut(); break;
      case 5: repeated(); break;
      case 6: use(); break;
      case 7: handle_output(hub_.pass(std::chrono::milliseconds(input_.u8() * 20))); break;
      default:  // unsealed: without effect, whatever its content
        give_and_expect_drop(some_route(), packet_of(peer_.peer_tag(), input_.take(input_.u8() * 4U)));
        break;
    }
  }

  Input input_;
  Target hub_{true};
  HandMadePeer peer_{false};
  Records records_;
  std::deque<ByteVector> history_;
  std::size_t received_from_other_ = 0;
  std::size_t sent_to_other_ = 0;
};

}  // namespace
}  // namespace hawser::sctp::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hawser::sctp::fuzz::SealedAssociation(hawser::fuzz::Input(std::as_bytes(std::span(data, size)))).run();
  return 0;
}
