// Fuzzes the key management of a protected hub and of an edge, from the valid cookie (or the INIT ACK) on:
// genuine messages, altered ones, arbitrary ones, fragments of arbitrary DATA chunks, and arbitrary chunks in
// between.
//
// In all cases: the endpoint sends only unsealed chunks that docs/protocol.md allows, only a peer with the
// key connects, no user message arrives, and an association that is not up in time is gone. A packet without
// a handshake MAC has no effect.

#include "protected_peer.hpp"

namespace hawser::sctp::fuzz {
namespace {

/// One handshake of the endpoint under test, a hub or an edge, with its peer.
class Handshake {
 public:
  explicit Handshake(Input input)
      : input_(input), hub_tested_(input_.u8() % 2 == 0), target_(hub_tested_), peer_(!hub_tested_) {
    if (hub_tested_) {
      begin_at_hub();
    } else {
      begin_at_edge();
    }
  }

  void run() {
    for (unsigned commands = 0; !input_.empty() && commands < 200; ++commands) step();
    pass(kSetUpSeconds);
    // A peer that has proved its key has more time to send its first record.
    if (hub_tested_ && peer_.up()) pass(kFirstRecordSeconds);
    require(target_.messages() == 0);
    if (!target_.up()) require(target_.endpoint().association_count() == 0);
  }

 private:
  static constexpr int kSetUpSeconds = 12;
  static constexpr int kFirstRecordSeconds = 61;

  void pass(int seconds) {
    for (int second = 0; second < seconds; ++second) handle_output(target_.pass(std::chrono::seconds(1)));
  }
  void begin_at_hub() {
    const auto ack = target_.give(usual_route(), peer_.init());
    require(ack.size() == 1);
    const ByteVector echo = peer_.on_init_ack(ack[0].bytes);
    if (input_.u8() % 2 == 0) return give(echo);
    // Without the ClientHello: it counts as sent and lost.
    give(peer_.packet(chunk_bytes(wire::CookieEchoChunk{peer_.cookie()})));
  }
  void begin_at_edge() {
    target_.connect();
    const auto init = target_.take();
    require(init.size() == 1);
    const auto echo = target_.give(usual_route(), peer_.on_init(init[0].bytes));
    handle_output(echo);
    if (input_.u8() % 8 != 0) give(peer_.packet(chunk_bytes(wire::CookieAckChunk{})));
  }

  void give(const ByteVector& packet) { handle_output(target_.give(usual_route(), packet)); }

  /// Checks the endpoint's output, and passes it to the peer.
  void handle_output(const std::vector<Sent>& sent) {
    for (const Sent& each : sent) {
      require(each.route == usual_route());
      if (!wire::is_sealed(each.bytes)) {
        require(!target_.up() && wire::checksum_ok(each.bytes));
        check_unsealed(each.bytes);
      }
      peer_.receive(target_.now(), each.bytes);
    }
    if (!target_.up()) return;
    const auto key = target_.endpoint().peer_key(target_.id());
    require(!key || *key == (hub_tested_ ? edge_key() : hub_key()).public_key());
  }
  void check_unsealed(Bytes packet) {
    wire::ChunkReader reader(packet);
    while (const auto chunk = reader.next()) {
      switch (chunk->chunk_type()) {
        case wire::ChunkType::kCookieAck: require(hub_tested_); break;
        case wire::ChunkType::kHandshakeMac: require(reader.offset() == packet.size()); break;
        case wire::ChunkType::kCookieEcho: require(!hub_tested_); break;
        case wire::ChunkType::kData:
        case wire::ChunkType::kSack:
        case wire::ChunkType::kNrSack: break;
        default: require(false);
      }
    }
    require(reader.ok());
  }

  /// Returns the next genuine message, if there is one.
  std::optional<ByteVector> next_message() {
    for (ByteVector& each : peer_.take_messages()) waiting_.push_back(std::move(each));
    if (waiting_.empty()) return std::nullopt;
    ByteVector message = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return message;
  }

  void altered_message() {
    auto message = next_message();
    if (!message) return;
    for (unsigned flips = input_.u8() % 4 + 1; flips > 0; --flips)
      (*message)[input_.u16() % message->size()] = static_cast<std::byte>(input_.u8());
    give(peer_.data_packet(*message));
  }
  /// Gives the genuine message in pieces that need not be well-formed fragments.
  void fragments() {
    const auto message = next_message();
    if (!message) return;
    const bool sound = input_.u8() % 4 != 0;
    for (Bytes rest(*message); !rest.empty();) {
      const Bytes piece = rest.first(std::min<std::size_t>(rest.size(), input_.u8() + 1U));
      const bool begin = piece.data() == message->data();
      const bool end = piece.size() == rest.size();
      const unsigned odd = sound ? 0 : input_.u8();
      give(packet_of(peer_.peer_tag(),
                     peer_.data_chunk(piece, begin != ((odd & 1U) != 0), end != ((odd & 2U) != 0))));
      rest = rest.subspan(piece.size());
    }
  }
  void arbitrary_message() {
    ByteVector message{static_cast<std::byte>(input_.u8() % 3)};
    const Bytes tls = input_.take(input_.u8() * 4U);
    message.insert(message.end(), tls.begin(), tls.end());
    give(peer_.data_packet(message));
  }
  /// Gives a message with a valid TLS record header, so that its content passes the first check.
  void arbitrary_record() {
    const Bytes content = input_.take(input_.u8());
    ByteVector message{std::byte{0}, static_cast<std::byte>(20 + input_.u8() % 4), std::byte{3}, std::byte{3},
                       std::byte{0}, static_cast<std::byte>(content.size())};
    message.insert(message.end(), content.begin(), content.end());
    give(peer_.data_packet(message));
  }
  void arbitrary_data() {
    wire::DataChunk data;
    const unsigned flags = input_.u8();
    data.begin = (flags & 1U) != 0;
    data.end = (flags & 2U) != 0;
    data.unordered = (flags & 4U) != 0;
    data.stream = StreamId{(flags & 8U) != 0 ? input_.u8() : std::uint8_t{0}};
    data.tsn = peer_.tsn() + ((flags & 16U) != 0 ? input_.u8() : 0U);
    data.ssn = Ssn{static_cast<std::uint16_t>(peer_.ssn().value() + ((flags & 32U) != 0 ? input_.u8() : 0))};
    data.ppid = (flags & 64U) != 0 ? Ppid{input_.u16()} : wire::kKeyManagementPpid;
    data.payload = input_.take(input_.u8());
    give(peer_.packet(chunk_bytes(data)));
    if ((flags & 128U) != 0) ++peer_.tsn();
  }

  /// Gives any chunks without a valid MAC, as an attacker can that does not know the hub's public key.
  void unsigned_packet() {
    const std::uint64_t before = target_.drops();
    ByteVector chunks = chunk_bytes(wire::CookieAckChunk{});
    const Bytes more = input_.take(input_.u8() * 4U);
    chunks.insert(chunks.end(), more.begin(), more.end());
    const auto sent = target_.give(usual_route(), packet_of(peer_.peer_tag(), chunks));
    require(sent.empty() && target_.drops() == before + 1);
  }

  void step() {
    switch (input_.u8() % 12) {
      case 0:
      case 1:
        if (const auto message = next_message()) give(peer_.data_packet(*message));
        break;
      case 2: altered_message(); break;
      case 3: fragments(); break;
      case 4: arbitrary_message(); break;
      case 5: arbitrary_record(); break;
      case 6: arbitrary_data(); break;
      case 7: give(peer_.packet(input_.take(input_.u8() * 4U))); break;
      case 8:
        if (const auto packet = peer_.seal(chunk_bytes(wire::PadChunk{8}))) give(*packet);
        break;
      case 9: handle_output(target_.pass(std::chrono::milliseconds(input_.u8() * 10))); break;
      case 10:
        if (hub_tested_) give(peer_.packet(chunk_bytes(wire::CookieEchoChunk{peer_.cookie()})));
        break;
      default: unsigned_packet(); break;
    }
  }

  Input input_;
  bool hub_tested_;
  Target target_;
  HandMadePeer peer_;
  std::vector<ByteVector> waiting_;
};

}  // namespace
}  // namespace hawser::sctp::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hawser::sctp::fuzz::Handshake(hawser::fuzz::Input(std::as_bytes(std::span(data, size)))).run();
  return 0;
}
