#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sctp/endpoint.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/tx/packet_writer.hpp"
#include "sctp/wire/sealed_chunk.hpp"
#include "sctp/wire/wire.hpp"
#include "unit/sctp/support/test_random.hpp"

namespace hawser::sctp::test {

using ByteVector = std::vector<std::byte>;

/// One UDP payload, with the route as its sender or receiver knows it.
struct Datagram {
  Route route;
  ByteVector bytes;
  Ecn ecn = Ecn::not_ect;
};

inline std::vector<wire::ChunkView> chunks_of(Bytes packet) {
  std::vector<wire::ChunkView> chunks;
  wire::ChunkReader reader(packet);
  while (const auto chunk = reader.next()) chunks.push_back(*chunk);
  return chunks;
}

inline std::optional<wire::ChunkView> find_chunk(Bytes packet, wire::ChunkType type) {
  for (const wire::ChunkView& chunk : chunks_of(packet)) {
    if (chunk.is(type)) return chunk;
  }
  return std::nullopt;
}

inline bool contains(const Datagram& datagram, wire::ChunkType type) {
  return find_chunk(datagram.bytes, type).has_value();
}

inline const Datagram* find_with(const std::vector<Datagram>& datagrams, wire::ChunkType type) {
  const auto at =
      std::ranges::find_if(datagrams, [type](const Datagram& each) { return contains(each, type); });
  return at == datagrams.end() ? nullptr : &*at;
}

inline VerificationTag tag_in(const Datagram& datagram) {
  return wire::PacketView::parse(datagram.bytes)->header().verification_tag;
}

/// The cause codes of an ABORT or ERROR.
inline std::vector<std::uint16_t> causes_of(const wire::ChunkView& chunk) {
  std::vector<std::uint16_t> codes;
  wire::CauseReader reader(chunk.value);
  while (const auto cause = reader.next()) codes.push_back(cause->type);
  EXPECT_TRUE(reader.ok());
  return codes;
}

/// A packet made by hand, sealed when it is taken.
class Craft {
 public:
  explicit Craft(VerificationTag tag, std::uint16_t source_port = 9899, std::uint16_t destination_port = 9899)
      : bytes_(wire::kCommonHeaderSize) {
    wire::CommonHeader{source_port, destination_port, tag, 0}.store(bytes_.data());
  }
  template <class Chunk>
  Craft& add(const Chunk& chunk) {
    ByteVector room(8'000);
    ByteWriter writer(room);
    chunk.write(writer);
    writer.pad4();
    return raw(writer.written());
  }
  Craft& raw(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  /// A chunk of any type with a value of `size` bytes, a multiple of four.
  Craft& unknown(std::uint8_t type, std::size_t size = 4) {
    ByteVector chunk(4 + size, std::byte{0x77});
    chunk[0] = static_cast<std::byte>(type);
    chunk[1] = std::byte{0};
    store_be(chunk.data() + 2, static_cast<std::uint16_t>(chunk.size()));
    return raw(chunk);
  }
  [[nodiscard]] ByteVector take() {
    tx::PacketWriter::finish_plain(bytes_);
    return bytes_;
  }
  /// The packet with a handshake MAC.
  [[nodiscard]] ByteVector take(const security::HandshakeMac& mac) {
    bytes_.resize(bytes_.size() + wire::kHandshakeMacSize);
    mac.sign(bytes_);
    return take();
  }

 private:
  ByteVector bytes_;
};

/// Drives one endpoint as a program would. Owns it and keeps its events, messages and datagrams.
class Party {
 public:
  struct Message {
    StreamId stream;
    Ppid ppid;
    bool unordered;
    std::string text;
  };

  Party(const EndpointConfig& config, std::uint64_t seed) : random_(seed), endpoint(config, random_, pool) {}
  Party(const EndpointConfig& config, std::uint64_t seed, SecurityConfig protection)
      : random_(seed), endpoint(config, random_, pool, std::move(protection)) {}

 private:
  TestRandom random_;

 public:
  BufferPool pool;
  Endpoint endpoint;
  std::vector<Event> events;
  std::vector<Message> messages;
  std::vector<Datagram> sent;  ///< everything ever sent
  bool reading = true;         ///< polls messages

  void deliver(Timestamp now, const Datagram& datagram) {
    ByteVector copy = datagram.bytes;
    ReceivedDatagram received{datagram.route, copy, datagram.ecn};
    endpoint.handle_datagrams(now, {&received, 1});
  }
  void transmit(Timestamp now, std::vector<Datagram>& out) {
    TransmitBatch batch;
    for (int i = 0; endpoint.poll_transmit(now, batch); ++i) {
      if (i > 10'000) {
        ADD_FAILURE() << "the endpoint does not stop sending";
        break;
      }
      MutableBytes rest = batch.bytes();
      for (const std::size_t size : batch.sizes()) {
        out.push_back({batch.route, {rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size)}});
        rest = rest.subspan(size);
      }
    }
  }

  /// Polls until there is no output. Returns the datagrams to send.
  std::vector<Datagram> poll(Timestamp now) {
    std::vector<Datagram> out;
    transmit(now, out);
    while (const auto event = endpoint.poll_event()) events.push_back(*event);
    while (reading) {
      const auto message = endpoint.poll_message();
      if (!message) break;
      const auto* chars = reinterpret_cast<const char*>(message->payload.data());
      messages.push_back(
          {message->stream, message->ppid, message->unordered, std::string(chars, message->payload.size())});
    }
    transmit(now, out);  // reading opens the window, which a SACK announces
    sent.insert(sent.end(), out.begin(), out.end());
    return out;
  }
  [[nodiscard]] std::ptrdiff_t count(Event::Kind kind) const {
    return std::ranges::count(events, kind, &Event::kind);
  }
  [[nodiscard]] const Event* last(Event::Kind kind) const {
    const Event* found = nullptr;
    for (const Event& event : events) {
      if (event.kind == kind) found = &event;
    }
    return found;
  }
  [[nodiscard]] std::uint64_t drops(DropReason reason) const { return endpoint.drops().of(reason); }
  [[nodiscard]] std::ptrdiff_t count_sent(wire::ChunkType type) const {
    return std::ranges::count_if(sent, [type](const Datagram& each) { return contains(each, type); });
  }
};

inline EndpointConfig accepting(EndpointConfig config = {}) {
  config.accept = true;
  return config;
}

/// A client with the uplinks in `nat`, each behind its own NAT, and a server with one address. Owns both
/// endpoints. Carries datagrams with 5 ms each way; time is simulated.
class EndpointPair {
 public:
  using Filter = std::function<bool(const Datagram&)>;

  explicit EndpointPair(const EndpointConfig& client_config = {},
                        const EndpointConfig& server_config = accepting())
      : client(client_config, 1), server(server_config, 2) {
    set_up_uplinks();
  }

  /// A protected pair; the client connects to the first peer of its configuration.
  EndpointPair(const EndpointConfig& client_config, SecurityConfig client_protection,
               const EndpointConfig& server_config, SecurityConfig server_protection)
      : called(client_protection.peers.front().key),
        client(client_config, 1, std::move(client_protection)),
        server(server_config, 2, std::move(server_protection)) {
    set_up_uplinks();
  }

  Timestamp now = Timestamp{} + std::chrono::hours(1);
  std::optional<crypto::PublicKey> called;
  Party client;
  Party server;
  std::map<std::uint32_t, UdpAddress> nat;  ///< the external addresses of the client's uplinks
  Filter lost_to_server;                    ///< returns whether a datagram is lost
  Filter lost_to_client;
  Ecn ecn_to_server = Ecn::not_ect;  ///< of the datagrams that reach the server
  AssociationId client_id;
  AssociationId server_id;
  VerificationTag client_tag;  ///< the verification tag in the server's packets
  VerificationTag server_tag;
  Tsn client_tsn;  ///< initial TSNs
  Tsn server_tsn;

  [[nodiscard]] static UdpAddress server_address() { return {IpAddress::v4(0xC633'6401), 9899}; }
  [[nodiscard]] static Route client_route(std::uint32_t uplink = 1) {
    return {SocketId(uplink), IpAddress::v4(0x0A00'0000U + uplink), server_address()};
  }
  [[nodiscard]] Route server_route(std::uint32_t uplink = 1) const {
    return {SocketId(0), server_address().ip, nat.at(uplink)};
  }

  /// Polls both ends; their datagrams are then in flight.
  void pick_up() {
    for (Datagram& datagram : client.poll(now)) to_server_.push_back(std::move(datagram));
    for (Datagram& datagram : server.poll(now)) to_client_.push_back(std::move(datagram));
  }
  /// Delivers the datagrams in flight to the server, 5 ms later.
  void deliver_to_server() {
    now += kDelay;
    const auto arriving = std::exchange(to_server_, {});
    for (const Datagram& datagram : arriving) {
      if (lost_to_server && lost_to_server(datagram)) continue;
      server.deliver(now, {server_route(datagram.route.socket.value()), datagram.bytes, ecn_to_server});
    }
  }
  /// Delivers the datagrams in flight to the client, 5 ms later.
  void deliver_to_client() {
    now += kDelay;
    const auto arriving = std::exchange(to_client_, {});
    for (const Datagram& datagram : arriving) {
      const auto uplink =
          std::ranges::find_if(nat, [&](const auto& each) { return each.second == datagram.route.remote; });
      if (uplink == nat.end() || (lost_to_client && lost_to_client(datagram))) continue;
      client.deliver(now, {client_route(uplink->first), datagram.bytes});
    }
  }
  /// Carries datagrams both ways until none is in flight.
  void carry() {
    for (int round = 0; round < 10'000; ++round) {
      pick_up();
      if (to_server_.empty() && to_client_.empty()) return;
      deliver_to_server();
      deliver_to_client();
      client.endpoint.handle_timeout(now);
      server.endpoint.handle_timeout(now);
    }
    ADD_FAILURE() << "the endpoints do not stop sending";
  }
  /// Advances the time by `duration`, and handles every timer.
  void run(Duration duration) {
    const Timestamp end = now + duration;
    for (int step = 0; step < 1'000'000; ++step) {
      carry();
      const Timestamp next = std::min(client.endpoint.next_timeout(), server.endpoint.next_timeout());
      if (next > end) break;
      now = std::max(now, next);
      client.endpoint.handle_timeout(now);
      server.endpoint.handle_timeout(now);
    }
    now = std::max(now, end);
  }

  void begin(std::uint32_t uplink = 1) {
    client_id = called ? client.endpoint.connect(now, client_route(uplink), *called)
                       : client.endpoint.connect(now, client_route(uplink));
  }
  /// Connects, and learns the tags and TSNs of both ends.
  void connect(std::uint32_t uplink = 1) {
    begin(uplink);
    carry();
    learn();
    ASSERT_EQ(client.count(Event::Kind::connected), 1);
    ASSERT_EQ(server.count(Event::Kind::accepted), 1);
  }
  void learn() {
    for (const Datagram& each : client.sent) {
      if (const auto init = find_chunk(each.bytes, wire::ChunkType::kInit)) {
        client_tag = wire::InitChunk::parse(*init)->initiate_tag;
        client_tsn = wire::InitChunk::parse(*init)->initial_tsn;
      }
    }
    for (const Datagram& each : server.sent) {
      if (const auto init = find_chunk(each.bytes, wire::ChunkType::kInitAck)) {
        server_tag = wire::InitChunk::parse(*init)->initiate_tag;
        server_tsn = wire::InitChunk::parse(*init)->initial_tsn;
      }
    }
    if (const Event* accepted = server.last(Event::Kind::accepted)) server_id = accepted->association;
  }
  PathId add_path(std::uint32_t uplink) {
    const auto path = client.endpoint.add_path(now, client_id, client_route(uplink));
    EXPECT_TRUE(path.has_value());
    return path.value_or(kNoPath);
  }

  /// Delivers a packet made by hand from one of the client's uplinks. Returns the server's immediate answer,
  /// which is not carried.
  std::vector<Datagram> to_server(const ByteVector& packet, std::uint32_t uplink = 1) {
    server.deliver(now, {server_route(uplink), packet});
    return server.poll(now);
  }
  std::vector<Datagram> to_client(const ByteVector& packet, std::uint32_t uplink = 1) {
    client.deliver(now, {client_route(uplink), packet});
    return client.poll(now);
  }
  /// An empty packet of the peer with the correct tag.
  [[nodiscard]] Craft from_client() const { return Craft(server_tag); }
  [[nodiscard]] Craft from_server() const { return Craft(client_tag); }

  SendResult send(Party& from, std::string_view text, const SendOptions& options = {}) {
    const AssociationId id = &from == &client ? client_id : server_id;
    return from.endpoint.send(now, id, from.pool.copy(std::as_bytes(std::span(text))), options);
  }
  [[nodiscard]] AssociationStatus client_status() const {
    return client.endpoint.status(client_id).value_or(AssociationStatus{});
  }
  [[nodiscard]] AssociationStatus server_status() const {
    return server.endpoint.status(server_id).value_or(AssociationStatus{});
  }
  [[nodiscard]] bool both_up() const {
    return client_status().state == AssociationState::established &&
           server_status().state == AssociationState::established &&
           client.endpoint.association_count() == 1 && server.endpoint.association_count() == 1;
  }
  /// Whether a message gets through both ways.
  bool works() {
    const std::size_t at_client = client.messages.size();
    const std::size_t at_server = server.messages.size();
    send(client, "ping");
    send(server, "pong");
    run(std::chrono::seconds(3));
    return client.messages.size() == at_client + 1 && server.messages.size() == at_server + 1;
  }

 private:
  void set_up_uplinks() {
    for (std::uint32_t uplink = 1; uplink <= 4; ++uplink) {
      nat[uplink] = {IpAddress::v4(0xCB00'7100U + uplink), static_cast<std::uint16_t>(40'000 + uplink)};
    }
  }

  static constexpr Duration kDelay = std::chrono::milliseconds(5);
  std::vector<Datagram> to_server_;
  std::vector<Datagram> to_client_;
};

}  // namespace hawser::sctp::test
