// Gives a protected association that is up the path preferences that its peer sends: arbitrary bytes, whole
// entries, and both in pieces, while paths move and this end sets preferences of its own.
//
// In all cases: the role and the cap of the path are those that an independent reading of the messages gives,
// and the association stays.

#include "protected_peer.hpp"

namespace hawser::sctp::fuzz {
namespace {

/// The peer's preference for the path of its record path id 0, read from messages as docs/protocol.md has it.
/// Does not use the engine's parser.
class Model {
 public:
  void read(Bytes message) {
    if (message.size() < 2 || std::to_integer<unsigned>(message[0]) != 1) return;
    const std::size_t size = std::to_integer<std::size_t>(message[1]);
    if (size < 12 || (message.size() - 2) % size != 0) return;
    for (Bytes rest = message.subspan(2); !rest.empty(); rest = rest.subspan(size)) {
      const auto new_role = std::to_integer<std::uint8_t>(rest[2]);
      const auto new_cap = load_be<std::uint64_t>(rest.data() + 4);
      const bool valid_cap = new_cap == 0 || (new_cap >= 64'000 && new_cap <= 1'000'000'000'000);
      if (new_role > 3 || !valid_cap) return;  // the entries before it count
      if (rest[0] != std::byte{0} || rest[1] != std::byte{0}) continue;
      const bool removed = (rest[3] & std::byte{1}) != std::byte{0};
      if (removed) continue;  // the only path stays
      role = static_cast<PathRole>(new_role);
      cap = new_cap;
    }
  }
  PathRole role = PathRole::always;
  std::uint64_t cap = 0;
};

/// A hub in an association that is up, and its peer.
class Preferring {
 public:
  explicit Preferring(Input input) : input_(input) {
    const auto ack = hub_.give(usual_route(), peer_.init());
    require(ack.size() == 1);
    give(usual_route(), peer_.on_init_ack(ack[0].bytes));
    while (!peer_.up()) {
      for (const ByteVector& message : peer_.take_messages()) give(usual_route(), peer_.data_packet(message));
    }
    give(usual_route(), *peer_.seal(chunk_bytes(wire::PadChunk{8})));
    require(hub_.up());
  }

  void run() {
    for (unsigned commands = 0; !input_.empty() && commands < 100; ++commands) {
      step();
      check();
    }
  }

 private:
  void step() {
    switch (input_.u8() % 6) {
      case 0: send(arbitrary_message()); break;
      case 1: send(whole_message()); break;
      case 2: send_in_pieces(whole_message()); break;
      case 3: set_own(); break;
      case 4: take(hub_.pass(std::chrono::milliseconds(input_.u8()))); break;
      default: move(); break;
    }
  }

  ByteVector arbitrary_message() {
    const Bytes raw = input_.take(1 + input_.u8());
    return {raw.begin(), raw.end()};
  }
  // A head, and entries with all their fields from the input; the number of entries may be wrong.
  ByteVector whole_message() {
    const std::uint8_t size = static_cast<std::uint8_t>(12 + input_.u8() % 8);
    ByteVector message{std::byte{1}, std::byte{size}};
    for (unsigned entries = input_.u8() % 32U; entries != 0; --entries) {
      const std::uint64_t cap = std::uint64_t{1} << input_.u8() % 64U;
      ByteVector entry(size);
      const unsigned bits = input_.u8();
      entry[1] = static_cast<std::byte>(bits % 4 / 3);
      entry[3] = static_cast<std::byte>(bits / 4);
      entry[2] = static_cast<std::byte>(input_.u8() % 5);
      store_be(entry.data() + 4, input_.u8() % 4 == 0 ? 0 : cap + input_.u16());
      message.insert(message.end(), entry.begin(), entry.end());
    }
    return message;
  }

  void send(const ByteVector& message) {
    if (message.empty()) return;
    piece(message, true, true);
    model_.read(message);
  }
  void send_in_pieces(const ByteVector& message) {
    const std::size_t first = 1 + input_.u8() % (message.size() - 1);
    piece(Bytes(message).first(first), true, false);
    check();  // half a message has no effect
    piece(Bytes(message).subspan(first), false, true);
    model_.read(message);
  }
  void piece(Bytes payload, bool begin, bool end) {
    wire::DataChunk data;
    data.begin = begin;
    data.end = end;
    data.tsn = peer_.tsn()++;
    data.ssn = peer_.ssn();
    data.ppid = wire::kPathPreferencesPpid;
    data.payload = payload;
    if (end) ++peer_.ssn();
    if (const auto packet = peer_.seal(chunk_bytes(data))) give(usual_route(), *packet);
  }

  void set_own() {
    own_role_ = static_cast<PathRole>(input_.u8() % 4);
    const auto path = status().paths.at(0).id;
    require(hub_.endpoint().set_path_role(hub_.id(), path, own_role_));
    PathCaps caps;
    caps.upload_bps = std::uint64_t{input_.u16()} * 1'000;
    if (hub_.endpoint().set_path_caps(hub_.id(), path, caps)) own_cap_ = caps.upload_bps;
    take(hub_.take());
  }
  // The peer's record from another address: the path may follow it.
  void move() {
    if (const auto packet = peer_.seal(chunk_bytes(wire::PadChunk{8}))) give(other_route(), *packet);
  }

  void check() {
    const auto all = status();
    require(all.paths.size() == 1);
    require(all.paths[0].role == std::max(own_role_, model_.role));
    const std::uint64_t cap =
        own_cap_ == 0 || model_.cap == 0 ? std::max(own_cap_, model_.cap) : std::min(own_cap_, model_.cap);
    require(all.paths[0].cap_bps == cap);
  }
  [[nodiscard]] AssociationStatus status() {
    const auto out = hub_.endpoint().status(hub_.id());
    require(out.has_value());
    return *out;
  }
  void give(const Route& route, const ByteVector& packet) { take(hub_.give(route, packet)); }
  void take(const std::vector<Sent>& sent) {
    for (const Sent& each : sent) peer_.receive(hub_.now(), each.bytes);
  }

  Input input_;
  Target hub_{true};
  HandMadePeer peer_{false};
  Model model_;
  PathRole own_role_ = PathRole::always;
  std::uint64_t own_cap_ = 0;
};

}  // namespace
}  // namespace hawser::sctp::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hawser::sctp::fuzz::Preferring(hawser::fuzz::Input(std::as_bytes(std::span(data, size)))).run();
  return 0;
}
