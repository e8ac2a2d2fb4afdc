// Drives an association under simulated time. The input is a list of commands: deliver, lose, repeat,
// reorder, damage or splice packets (with checksum and AUTH digest corrected, so that the damage passes
// both), inject chunks from known and unknown sources, let time pass, use the Endpoint.
//
// In all cases: no crash, no endless output, no busy timer, bounded memory, and an unknown address never gets
// more than its limit.

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "hawser/sctp/endpoint.hpp"
#include "input.hpp"
#include "sctp/handshake/negotiation.hpp"
#include "sctp/wire/crc32c.hpp"
#include "sctp/wire/init.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp {
namespace {

using fuzz::CountingRandom;
using fuzz::Input;
using fuzz::require;

constexpr std::size_t kUplinks = 3;
constexpr std::size_t kMaxInFlight = 512;
constexpr std::size_t kMaxHistory = 64;
constexpr std::size_t kMaxBatches = 2048;
constexpr std::size_t kMaxPacketSize = 1472;
constexpr std::size_t kWindow = 64 * 1024;
// An INIT ACK may exceed three times a tiny INIT by this: the State Cookie.
constexpr std::size_t kCookieAllowance = 400;

/// A packet in transit.
struct Packet {
  Route route;  ///< as the receiver sees it
  std::vector<std::byte> bytes;
};

/// One endpoint with its resources, and the packets that are on their way to it.
struct Side {
  Side(const EndpointConfig& config, std::uint64_t seed)
      : random(seed), endpoint(std::make_unique<Endpoint>(config, random, pool)) {}

  CountingRandom random;
  BufferPool pool;
  std::unique_ptr<Endpoint> endpoint;
  AssociationId id;
  std::deque<Packet> inbox;
  std::deque<Packet> history;  ///< recently delivered packets, for replays
  VerificationTag tag;         ///< the verification tag of packets to it
  std::size_t messages = 0;
  bool reading = true;
};

/// The edge, the hub and the network between them. The time advances only on command.
class LiveAssociation {
 public:
  explicit LiveAssociation(Input input) : input_(input), edge_(config(false), 1), hub_(config(true), 2) {
    edge_.id = edge_.endpoint->connect(now_, edge_route(0));
    drain(edge_);
    // Most runs start with an association that is up; the first byte chooses how far the handshake gets.
    const unsigned steps = input_.u8() % 8;
    for (unsigned i = 0; i < (steps == 0 ? 12 : steps); ++i) exchange();
  }

  void run() {
    for (unsigned commands = 0; !input_.empty() && commands < 1000; ++commands) step();
    for (Side* side : {&edge_, &hub_}) {
      side->endpoint.reset();
      require(side->pool.in_use() == 0);
    }
  }

 private:
  static EndpointConfig config(bool accept) {
    EndpointConfig config;
    config.accept = accept;
    config.outbound_streams = config.inbound_streams = 8;
    config.receive_window = kWindow;
    config.send_buffer = kWindow;
    config.max_message_size = kWindow;
    config.max_associations = 4;
    config.max_paths = 6;
    return config;
  }

  // --- the network: the edge's uplinks behind NATs, the hub with one address
  static UdpAddress hub_address() { return {IpAddress::v4(0xc633'6401), 9899}; }
  static Route edge_route(std::size_t uplink) {
    const auto number = static_cast<std::uint32_t>(uplink);
    return {SocketId(number), IpAddress::v4(0x0a00'0002 + (number << 8)), hub_address()};
  }
  [[nodiscard]] UdpAddress outside(std::size_t uplink) const {
    return {IpAddress::v4(0xcb00'7101 + static_cast<std::uint32_t>(uplink)), nat_port_[uplink]};
  }
  [[nodiscard]] Route hub_route(std::size_t uplink) const {
    return {SocketId(0), hub_address().ip, outside(uplink)};
  }
  static UdpAddress other_address() { return {IpAddress::v4(0xc000'0242), 6666}; }

  [[nodiscard]] Side& other(const Side& side) { return &side == &edge_ ? hub_ : edge_; }
  /// The route of a known path, as `side` sees it.
  [[nodiscard]] Route known_route(const Side& side, std::size_t uplink) const {
    return &side == &edge_ ? edge_route(uplink % kUplinks) : hub_route(uplink % kUplinks);
  }
  static Route other_route(Route route) {
    route.remote = other_address();
    return route;
  }

  void transmit(const Side& from, const TransmitBatch& batch) {
    require(!batch.empty());
    Bytes rest = batch.bytes();
    for (const std::uint16_t size : batch.sizes()) {
      require(size >= wire::kCommonHeaderSize && size <= kMaxPacketSize);
      const Bytes packet = rest.first(size);
      rest = rest.subspan(size);
      require(wire::checksum_ok(packet));
      observe(packet);
      if (batch.route.remote == other_address()) sent_to_other_ += size;
      forward(from, batch.route, packet);
    }
    require(sent_to_other_ <= 3 * received_from_other_ + kCookieAllowance * inits_from_other_);
  }

  void forward(const Side& from, const Route& route, Bytes packet) {
    Side& to = other(from);
    if (to.inbox.size() >= kMaxInFlight) return;
    if (&from == &edge_) {
      if (route.socket.value() >= kUplinks || route.remote != hub_address()) return;
      to.inbox.push_back({hub_route(route.socket.value()), {packet.begin(), packet.end()}});
      return;
    }
    for (std::size_t i = 0; i < kUplinks; ++i) {
      if (route.remote == outside(i)) to.inbox.push_back({edge_route(i), {packet.begin(), packet.end()}});
    }
  }

  /// Learns tags and AUTH keys from the handshake, as an observer on the path could (the shared secret is
  /// empty).
  void observe(Bytes bytes) {
    const auto packet = wire::PacketView::parse(bytes);
    if (!packet) return;
    wire::ChunkReader reader = packet->chunks();
    const auto chunk = reader.next();
    if (!chunk || (!chunk->is(wire::ChunkType::kInit) && !chunk->is(wire::ChunkType::kInitAck))) return;
    const auto init = wire::InitChunk::parse(*chunk);
    const auto parameters = init ? wire::InitParameters::parse(init->parameters) : init.error();
    if (!init || !parameters) return;
    const handshake::PeerInit peer_init = handshake::PeerInit::from(*init, *parameters);
    if (chunk->is(wire::ChunkType::kInit)) {
      edge_init_ = peer_init;
    } else if (edge_init_ && packet->header().verification_tag == edge_init_->tag) {
      edge_.tag = edge_init_->tag;
      hub_.tag = peer_init.tag;
      auth_ = auth::Auth(config(false), edge_init_->key_vector, peer_init.key_vector, peer_init.auth_chunks,
                         peer_init.auth_hmacs);
    }
  }

  // --- driving the endpoints
  void drain(Side& side) {
    std::size_t batches = 0;
    for (bool busy = true; busy;) {
      busy = false;
      while (batch_.clear(), side.endpoint->poll_transmit(now_, batch_)) {
        require(++batches < kMaxBatches);
        transmit(side, batch_);
        busy = true;
      }
      while (const auto event = side.endpoint->poll_event()) {
        if (event->kind == Event::Kind::accepted) side.id = event->association;
        busy = true;
      }
      while (side.reading && side.endpoint->poll_message()) busy = true;
    }
    require(side.pool.in_use() < 8192 + side.messages);
  }

  void give(Side& to, const Route& route, std::vector<std::byte> bytes) {
    if (route.remote == other_address()) {
      received_from_other_ += bytes.size();
      if (bytes.size() > wire::kCommonHeaderSize && bytes[wire::kCommonHeaderSize] == std::byte{1})
        ++inits_from_other_;
    }
    std::array<ReceivedDatagram, 1> datagrams{{{route, bytes}}};
    to.endpoint->handle_datagrams(now_, datagrams);
    std::ranges::fill(bytes, std::byte{0xdd});
    drain(to);
  }

  void deliver(Side& to) {
    if (to.inbox.empty()) return;
    Packet packet = std::move(to.inbox.front());
    to.inbox.pop_front();
    to.history.push_back(packet);
    if (to.history.size() > kMaxHistory) to.history.pop_front();
    give(to, packet.route, std::move(packet.bytes));
  }

  void exchange() {
    deliver(hub_);
    deliver(edge_);
  }

  void pass(Duration time) {
    now_ += time;
    for (Side* side : {&edge_, &hub_}) {
      if (side->endpoint->next_timeout() > now_) continue;
      side->endpoint->handle_timeout(now_);
      drain(*side);
      require(side->endpoint->next_timeout() > now_);
    }
  }

  void pass_to_next_timeout() {
    const Timestamp next = std::min(edge_.endpoint->next_timeout(), hub_.endpoint->next_timeout());
    if (next != kNever) pass(std::max(next - now_, Duration::zero()));
  }

  // --- damage
  /// Corrects the checksum and, if there is an AUTH chunk, its digest.
  void correct_checksums(std::vector<std::byte>& packet) {
    if (packet.size() < wire::kCommonHeaderSize) return;
    wire::ChunkReader reader{Bytes(packet)};
    for (;;) {
      const std::size_t offset = reader.offset();
      const auto chunk = reader.next();
      if (!chunk) break;
      const bool signable =
          chunk->is(wire::ChunkType::kAuth) && auth_.enabled() && chunk->whole.size() == auth_.chunk_size();
      if (signable) {
        auth_.sign(packet, offset);
        break;
      }
    }
    wire::seal_checksum(packet);
  }

  void mutate(Side& to) {
    if (to.inbox.empty()) return;
    std::vector<std::byte>& packet = to.inbox.front().bytes;
    for (unsigned flips = input_.u8() % 8 + 1; flips > 0 && packet.size() > wire::kCommonHeaderSize;
         --flips) {
      const std::size_t room = packet.size() - wire::kCommonHeaderSize;
      packet[wire::kCommonHeaderSize + input_.u16() % room] = static_cast<std::byte>(input_.u8());
    }
    if (input_.u8() % 4 == 0)
      packet.resize(std::max(wire::kCommonHeaderSize, packet.size() - packet.size() % 64));
    correct_checksums(packet);
  }

  void splice(Side& to) {
    if (to.inbox.empty()) return;
    std::vector<std::byte>& packet = to.inbox.front().bytes;
    const Bytes chunk = input_.take(input_.u8());
    if (packet.size() + chunk.size() > kMaxPacketSize) return;
    const bool front = input_.u8() % 2 == 0;
    packet.resize(padded4(packet.size()));
    packet.insert(front ? packet.begin() + wire::kCommonHeaderSize : packet.end(), chunk.begin(),
                  chunk.end());
    correct_checksums(packet);
  }

  /// Injects encoded chunks with the right ports and tag; the tag is 0 when the first chunk is an INIT.
  void inject(Side& to, bool known, bool authenticated) {
    const Bytes chunks = input_.take(input_.u8() * 4U);
    std::vector<std::byte> packet(wire::kCommonHeaderSize + (authenticated ? auth_.chunk_size() : 0));
    const bool init = !authenticated && !chunks.empty() && chunks[0] == std::byte{1};
    wire::CommonHeader{9899, 9899, init ? kNoTag : to.tag, 0}.store(packet.data());
    if (authenticated && auth_.enabled()) {
      ByteWriter writer(MutableBytes(packet).subspan(wire::kCommonHeaderSize));
      auth_.write_unsigned(writer);
    }
    packet.insert(packet.end(), chunks.begin(), chunks.end());
    packet.resize(std::min(packet.size(), kMaxPacketSize));
    correct_checksums(packet);
    const Route route = known_route(to, input_.u8());
    give(to, known ? route : other_route(route), std::move(packet));
  }

  void replay(Side& to) {
    if (to.history.empty()) return;
    const Packet& old = to.history[input_.u8() % to.history.size()];
    give(to, input_.u8() % 2 == 0 ? old.route : other_route(old.route), old.bytes);
  }

  // --- use of the Endpoint
  void send(Side& from) {
    SendOptions options;
    const unsigned what = input_.u8();
    options.stream = StreamId(static_cast<std::uint16_t>(what % 8));
    options.unordered = (what & 8) != 0;
    options.immediate_sack = (what & 16) != 0;
    const std::size_t size = (what & 32) != 0 ? input_.u16() : input_.u8() + 1U;
    for (unsigned count = (what >> 6) * 3 + 1; count > 0; --count) {
      Buffer message = from.pool.acquire(std::max<std::size_t>(size, 1));
      std::ranges::fill(message.bytes(), std::byte{0x5a});
      if (from.endpoint->send(now_, from.id, std::move(message), options) == SendResult::ok) ++from.messages;
    }
    drain(from);
  }

  void use(Side& side, unsigned what) {
    Endpoint& endpoint = *side.endpoint;
    const std::size_t number = input_.u8();
    const auto status = endpoint.status(side.id);
    const PathId path =
        status && !status->paths.empty() ? status->paths[number % status->paths.size()].id : kNoPath;
    switch (what) {
      case 0: endpoint.add_path(now_, side.id, known_route(side, number)); break;
      case 1: endpoint.remove_path(now_, side.id, path); break;
      case 2: endpoint.probe_path(now_, side.id, path); break;
      case 3: endpoint.set_primary(side.id, path); break;
      case 4:
        endpoint.request_address(now_, side.id, IpAddress::v4(0xcb00'7101 + (number & 3U)), number % 2 == 0);
        break;
      case 5: endpoint.shutdown(now_, side.id); break;
      case 6:
        if (number % 8 == 0) endpoint.abort(now_, side.id, "fuzzer");
        break;
      default: side.reading = !side.reading; break;
    }
    drain(side);
  }

  void step() {
    const unsigned command = input_.u8();
    Side& side = (command & 1) != 0 ? hub_ : edge_;
    switch ((command >> 1) % 20) {
      case 0:
      case 1: deliver(side); break;
      case 2:
        for (unsigned i = 0; i < 8; ++i) exchange();
        break;
      case 3:
        if (!side.inbox.empty()) side.inbox.pop_front();
        break;
      case 4:
        if (!side.inbox.empty()) give(side, side.inbox.front().route, side.inbox.front().bytes);
        break;
      case 5:
        if (!side.inbox.empty()) std::rotate(side.inbox.begin(), side.inbox.begin() + 1, side.inbox.end());
        break;
      case 6: mutate(side); break;
      case 7: splice(side); break;
      case 8: inject(side, true, false); break;
      case 9: inject(side, false, false); break;
      case 10: inject(side, true, true); break;
      case 11: inject(side, false, true); break;
      case 12: replay(side); break;
      case 13: pass(std::chrono::milliseconds(input_.u8())); break;
      case 14: pass(std::chrono::milliseconds(input_.u8() * 100)); break;
      case 15: pass_to_next_timeout(); break;
      case 16:
      case 17: send(side); break;
      case 18: use(side, input_.u8() % 8); break;
      default: ++nat_port_[input_.u8() % kUplinks]; break;
    }
  }

  Input input_;
  Timestamp now_{std::chrono::seconds(1)};
  Side edge_;
  Side hub_;
  TransmitBatch batch_;
  std::array<std::uint16_t, kUplinks> nat_port_{40'000, 41'000, 42'000};
  std::optional<handshake::PeerInit> edge_init_;
  auth::Auth auth_;
  std::size_t received_from_other_ = 0;
  std::size_t sent_to_other_ = 0;
  std::size_t inits_from_other_ = 0;
};

}  // namespace
}  // namespace hawser::sctp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  hawser::sctp::LiveAssociation(hawser::fuzz::Input(bytes)).run();
  return 0;
}
