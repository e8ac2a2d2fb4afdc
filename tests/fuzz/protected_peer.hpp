#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/hmac.hpp"
#include "crypto/record_keys.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "input.hpp"
#include "sctp/security/access_proof.hpp"
#include "sctp/security/handshake_mac.hpp"
#include "sctp/security/secure_channel.hpp"
#include "sctp/wire/wire.hpp"
#include "sim/tls_random.hpp"

// Shared by the fuzz targets of protected associations: an endpoint under test, and a peer that may break
// every rule.

namespace hawser::sctp::fuzz {

using hawser::fuzz::CountingRandom;
using hawser::fuzz::Input;
using hawser::fuzz::require;
using ByteVector = std::vector<std::byte>;

constexpr std::size_t kMaxBatches = 256;
constexpr std::size_t kMaxPacketSize = 1472;
constexpr std::uint16_t kPort = 9899;

/// The key of the edge.
inline const crypto::PrivateKey& edge_key() {
  static const crypto::PrivateKey key = crypto::PrivateKey::from_seed(ByteVector(32, std::byte{0x11}));
  return key;
}
/// The key of the hub.
inline const crypto::PrivateKey& hub_key() {
  static const crypto::PrivateKey key = crypto::PrivateKey::from_seed(ByteVector(32, std::byte{0x22}));
  return key;
}
/// The keys of ACCESS proofs and handshake MACs for the hub.
inline const security::InitSecrets& secrets() {
  static const auto secrets = security::InitSecrets::derive(hub_key().public_key(), nullptr);
  return secrets;
}
/// The security configuration of the hub, or of the edge.
inline SecurityConfig security_config(bool hub) {
  SecurityConfig out{
      .private_key = (hub ? hub_key() : edge_key()).clone(), .peers = {}, .cipher_costs = {1, 2}};
  out.peers.push_back({(hub ? edge_key() : hub_key()).public_key(), {}});
  return out;
}

inline Route route_from(std::uint32_t host) {
  return {SocketId(0), IpAddress::v4(0xC633'6401), {IpAddress::v4(0xCB00'7100U + host), 40'000}};
}
inline Route usual_route() {
  return route_from(1);
}
inline Route other_route() {
  return route_from(66);
}

/// A datagram that the endpoint under test has sent.
struct Sent {
  Route route;
  ByteVector bytes;
};

/// A protected endpoint under simulated time. Owns it and its output; checks at every step that its output
/// ends and its timers advance.
class Target {
 public:
  explicit Target(bool hub) {
    sim::seed_tls_random(1);
    endpoint_ = std::make_unique<Endpoint>(config(hub), random_, pool_, security_config(hub));
  }
  ~Target() {
    endpoint_.reset();
    require(pool_.in_use() == 0);
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  /// Connects to the hub.
  void connect() { id_ = endpoint_->connect(now_, usual_route(), hub_key().public_key()); }
  /// Gives it a datagram; returns its immediate output.
  std::vector<Sent> give(const Route& route, ByteVector bytes) {
    receive(route, std::move(bytes));
    return take();
  }
  /// Gives it a datagram, and leaves its output where it is.
  void receive(const Route& route, ByteVector bytes) {
    std::array<ReceivedDatagram, 1> datagrams{{{route, bytes}}};
    endpoint_->handle_datagrams(now_, datagrams);
    std::ranges::fill(bytes, std::byte{0xdd});
  }
  /// Advances the time, handles the timers that are due, and returns the output.
  std::vector<Sent> pass(Duration time) {
    now_ += time;
    if (endpoint_->next_timeout() > now_) return {};
    endpoint_->handle_timeout(now_);
    auto sent = take();
    require(endpoint_->next_timeout() > now_);
    return sent;
  }
  /// Returns all pending output, and handles events and messages.
  std::vector<Sent> take() {
    std::vector<Sent> sent;
    std::size_t batches = 0;
    while (batch_.clear(), endpoint_->poll_transmit(now_, batch_)) {
      require(++batches < kMaxBatches && !batch_.empty());
      Bytes rest = batch_.bytes();
      for (const std::uint16_t size : batch_.sizes()) {
        require(size >= wire::kCommonHeaderSize && size <= kMaxPacketSize);
        sent.push_back({batch_.route, {rest.begin(), rest.begin() + size}});
        rest = rest.subspan(size);
      }
    }
    while (const auto event = endpoint_->poll_event()) {
      if (event->kind == Event::Kind::accepted || event->kind == Event::Kind::connected) {
        id_ = event->association;
        up_ = true;
      }
    }
    while (endpoint_->poll_message()) ++messages_;
    require(pool_.in_use() < 4096);
    return sent;
  }

  [[nodiscard]] Endpoint& endpoint() { return *endpoint_; }
  /// A buffer for a message that it sends.
  [[nodiscard]] Buffer acquire(std::size_t size) { return pool_.acquire(size); }
  [[nodiscard]] const BufferPool& pool() const { return pool_; }
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] AssociationId id() const { return id_; }
  /// It has reported an association to its user.
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] std::size_t messages() const { return messages_; }
  /// The number of drops for all reasons.
  [[nodiscard]] std::uint64_t drops() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : endpoint_->drops().by_reason) sum += count;
    return sum;
  }

 private:
  static EndpointConfig config(bool accept) {
    EndpointConfig config;
    config.accept = accept;
    config.listed_addresses = false;
    config.outbound_streams = config.inbound_streams = 8;
    config.receive_window = 64U << 10;
    config.send_buffer = config.max_message_size = 64U << 10;
    config.max_paths = 6;
    return config;
  }

  CountingRandom random_{1};
  BufferPool pool_;
  std::unique_ptr<Endpoint> endpoint_;
  Timestamp now_{std::chrono::seconds(1)};
  TransmitBatch batch_;
  AssociationId id_;
  bool up_ = false;
  std::size_t messages_ = 0;
};

/// A packet with a checksum around encoded chunks.
inline ByteVector packet_of(VerificationTag tag, Bytes chunks) {
  ByteVector packet(std::min(wire::kCommonHeaderSize + chunks.size(), kMaxPacketSize));
  wire::CommonHeader{kPort, kPort, tag, 0}.store(packet.data());
  std::ranges::copy(chunks.first(packet.size() - wire::kCommonHeaderSize),
                    packet.begin() + wire::kCommonHeaderSize);
  wire::seal_checksum(packet);
  return packet;
}

/// A packet with a handshake MAC and a checksum around encoded chunks.
inline ByteVector packet_of(VerificationTag tag, Bytes chunks, const security::HandshakeMac& mac) {
  constexpr std::size_t kMaxChunks = kMaxPacketSize - wire::kCommonHeaderSize - wire::kHandshakeMacSize;
  ByteVector packet = packet_of(tag, chunks.first(std::min(chunks.size(), kMaxChunks)));
  packet.resize(packet.size() + wire::kHandshakeMacSize);
  mac.sign(packet);
  wire::seal_checksum(packet);
  return packet;
}

/// The encoded chunk, with padding.
template <class Chunk>
ByteVector chunk_bytes(const Chunk& chunk) {
  ByteVector room(kMaxPacketSize);
  ByteWriter writer(room);
  chunk.write(writer);
  writer.pad4();
  room.resize(writer.size());
  return room;
}

/// The first chunk of this type.
inline std::optional<wire::ChunkView> find_chunk(Bytes packet, wire::ChunkType type) {
  wire::ChunkReader reader(packet);
  while (const auto chunk = reader.next()) {
    if (chunk->is(type)) return chunk;
  }
  return std::nullopt;
}

/// The peer of the endpoint under test. It has valid keys; the fuzzer decides which steps of the
/// handshake it performs. Owns its secure channel; never uses an Endpoint.
class HandMadePeer {
 public:
  explicit HandMadePeer(bool hub) : HandMadePeer(hub, security_config(hub), hub_key().public_key()) {}
  /// `security` holds its own key and that of the endpoint under test. `hub_public`: of the hub. `own_tag`:
  /// of the packets to it.
  HandMadePeer(bool hub, SecurityConfig security, const crypto::PublicKey& hub_public,
               VerificationTag own_tag = VerificationTag{0x0abc'def1})
      : own_tag_(own_tag),
        hub_(hub),
        security_(std::move(security)),
        hub_public_(hub_public),
        secrets_(security::InitSecrets::derive(hub_public, nullptr)) {}

  /// Appends encoded parameters to those of its INIT or INIT ACK, which is made later.
  void offer(Bytes parameters) { offered_.insert(offered_.end(), parameters.begin(), parameters.end()); }

  /// The edge's INIT with a valid proof.
  ByteVector init() {
    ByteVector parameters = own_parameters();
    const auto add = [&parameters](wire::ParameterType type, std::size_t size) {
      const std::size_t at = parameters.size();
      parameters.resize(at + wire::kTlvHeaderSize + size);
      store_be(parameters.data() + at, static_cast<std::uint16_t>(type));
      store_be(parameters.data() + at + 2, static_cast<std::uint16_t>(wire::kTlvHeaderSize + size));
    };
    add(wire::ParameterType::kPadding, 240);
    add(wire::ParameterType::kAccess, wire::kAccessSize);
    init_ = chunk_bytes(wire::InitChunk{false, own_tag_, 65'536, 8, 8, tsn_, parameters});
    security::sign_access(init_, secrets_);
    return packet_of(kNoTag, init_);
  }
  /// Handles a hub's INIT ACK; returns COOKIE ECHO and ClientHello.
  ByteVector on_init_ack(const ByteVector& packet) {
    const auto chunk = find_chunk(packet, wire::ChunkType::kInitAck);
    require(chunk.has_value() && make_mac(init_hash()).verify(packet).has_value());
    const auto ack = wire::InitChunk::parse(*chunk);
    const auto parameters = wire::InitParameters::parse(ack->parameters);
    require(parameters && parameters->cookie && parameters->protection);
    learn(*ack);
    const Bytes before_cookie(chunk->value.data(), parameters->cookie->whole.data());
    open_channel({init_, before_cookie});
    cookie_.assign(parameters->cookie->value.begin(), parameters->cookie->value.end());
    ByteVector chunks = chunk_bytes(wire::CookieEchoChunk{cookie_});
    for (const ByteVector& message : take_messages()) {
      const ByteVector data = data_chunk(message, true, true);
      chunks.insert(chunks.end(), data.begin(), data.end());
    }
    return this->packet(chunks);
  }
  /// Handles an INIT; returns the hub's INIT ACK.
  ByteVector on_init(const ByteVector& packet) {
    const auto chunk = find_chunk(packet, wire::ChunkType::kInit);
    require(chunk.has_value());
    learn(*wire::InitChunk::parse(*chunk));
    init_.assign(chunk->whole.begin(), chunk->whole.end());
    ByteVector parameters = own_parameters();
    const ByteVector front = chunk_bytes(wire::InitChunk{true, own_tag_, 65'536, 8, 8, tsn_, parameters});
    open_channel({init_, Bytes(front).subspan(wire::kChunkHeaderSize)});
    ByteVector cookie(4 + 16, std::byte{0xc0});
    store_be(cookie.data(), static_cast<std::uint16_t>(wire::ParameterType::kStateCookie));
    store_be(cookie.data() + 2, static_cast<std::uint16_t>(cookie.size()));
    parameters.insert(parameters.end(), cookie.begin(), cookie.end());
    return packet_of(peer_tag_, chunk_bytes(wire::InitChunk{true, own_tag_, 65'536, 8, 8, tsn_, parameters}),
                     make_mac(init_hash()));
  }
  /// A packet of this handshake, signed as the access key's owner can.
  ByteVector packet(Bytes chunks) { return packet_of(peer_tag_, chunks, *mac_); }

  /// Encodes key management data as a DATA chunk.
  ByteVector data_chunk(Bytes payload, bool begin, bool end) {
    wire::DataChunk data;
    data.begin = begin;
    data.end = end;
    data.tsn = tsn_++;
    data.ssn = ssn_;
    data.ppid = wire::kKeyManagementPpid;
    data.payload = payload.first(std::min<std::size_t>(payload.size(), 1400));
    if (end) ++ssn_;
    return chunk_bytes(data);
  }
  ByteVector data_packet(Bytes message) { return packet(data_chunk(message, true, true)); }
  std::vector<ByteVector> take_messages() {
    std::vector<ByteVector> messages;
    if (!channel_) return messages;
    while (auto message = channel_->poll_message()) messages.push_back(std::move(*message));
    return messages;
  }
  /// Seals whole chunks; nullopt before there are keys. The chunks must fit a packet.
  std::optional<ByteVector> seal(Bytes chunks) {
    if (!channel_ || !channel_->up()) return std::nullopt;
    ByteVector packet(wire::kCommonHeaderSize + wire::kSealedOverhead + chunks.size());
    wire::CommonHeader{kPort, kPort, peer_tag_, 0}.store(packet.data());
    std::ranges::copy(chunks, packet.begin() + wire::kSealedHeadSize);
    if (!channel_->seal(packet, numbers_)) return std::nullopt;
    return packet;
  }
  /// Handles a packet of the endpoint: passes key management to TLS, and opens a record, which must succeed.
  void receive(Timestamp now, const ByteVector& packet) {
    ByteVector copy = packet;
    if (wire::is_sealed(copy)) {
      require(channel_ && channel_->open(now, copy).has_value());
      return;
    }
    const auto authentic = mac_->verify(copy);
    require(authentic.has_value());
    wire::ChunkReader reader{*authentic};
    while (const auto chunk = reader.next()) {
      if (chunk->is(wire::ChunkType::kData)) receive_data(now, *chunk);
    }
    require(reader.ok());
  }

  /// Opens a record, which must succeed, in place. Returns the packet in it: common header and chunks.
  wire::PacketView open(Timestamp now, ByteVector& packet) {
    const auto record = channel_->open(now, packet);
    require(record.has_value());
    return *wire::PacketView::parse(record->packet);
  }

  /// Whether a packet has its verification tag.
  [[nodiscard]] bool owns(Bytes packet) const {
    return packet.size() >= wire::kCommonHeaderSize &&
           load_be<std::uint32_t>(packet.data() + 4) == own_tag_.value();
  }
  [[nodiscard]] VerificationTag peer_tag() const { return peer_tag_; }
  [[nodiscard]] Tsn& tsn() { return tsn_; }
  [[nodiscard]] Ssn& ssn() { return ssn_; }
  /// The content of a COOKIE ECHO.
  [[nodiscard]] const ByteVector& cookie() const { return cookie_; }
  [[nodiscard]] bool up() const { return channel_ && channel_->up(); }

 private:
  [[nodiscard]] ByteVector own_parameters() const {
    ByteVector room(64);
    ByteWriter writer(room);
    std::array<std::byte, 4> method{};
    store_be(method.data(), wire::kSealedErrorDetection);
    wire::write_parameter(writer, wire::ParameterType::kZeroChecksumAcceptable, method);
    wire::ProtectionParameter{{1, 2}}.write(writer);
    constexpr std::array kExtensions = {std::byte{0xc1}, std::byte{0x80}, std::byte{0x10}, std::byte{0xc0}};
    wire::write_parameter(writer, wire::ParameterType::kSupportedExtensions, kExtensions);
    room.resize(writer.size());
    room.insert(room.end(), offered_.begin(), offered_.end());
    return room;
  }
  void learn(const wire::InitChunk& init) {
    peer_tag_ = init.initiate_tag;
    next_tsn_ = init.initial_tsn;
  }
  [[nodiscard]] crypto::TlsRole role() const {
    return hub_ ? crypto::TlsRole::server : crypto::TlsRole::client;
  }
  [[nodiscard]] crypto::Sha256Digest init_hash() const { return crypto::sha256(std::array{Bytes(init_)}); }
  [[nodiscard]] security::HandshakeMac make_mac(const crypto::Sha256Digest& context) const {
    return {role(), secrets_.access_key.view(), context};
  }
  void open_channel(const std::array<Bytes, 2>& chunks) {
    const auto transcript = crypto::sha256(chunks);
    mac_.emplace(make_mac(transcript));
    channel_.emplace(security::SecureChannel::Setup{security_, identity_, role(), hub_public_, transcript,
                                                    crypto::Cipher::aes_128_gcm, true});
    channel_->begin();
  }
  void receive_data(Timestamp now, const wire::ChunkView& chunk) {
    const auto data = wire::DataChunk::parse(chunk);
    require(data && data->stream == StreamId{0} && data->ppid == wire::kKeyManagementPpid &&
            !data->unordered);
    if (data->tsn != next_tsn_) return;  // a retransmission
    ++next_tsn_;
    if (data->begin) received_.clear();
    received_.insert(received_.end(), data->payload.begin(), data->payload.end());
    if (data->end && channel_) static_cast<void>(channel_->on_message(now, received_));
  }

  VerificationTag own_tag_;
  bool hub_;
  ByteVector offered_;
  SecurityConfig security_;
  crypto::TlsIdentity identity_{security_.private_key};
  crypto::PublicKey hub_public_;
  security::InitSecrets secrets_;
  std::optional<security::SecureChannel> channel_;
  std::optional<security::HandshakeMac> mac_;
  path::RecordNumbers numbers_;
  VerificationTag peer_tag_;
  Tsn tsn_{0x1000};
  Ssn ssn_;
  Tsn next_tsn_;
  ByteVector init_;
  ByteVector cookie_;
  ByteVector received_;
};

/// Performs the handshake of an edge with the hub; both are up then. `give` passes a packet of the peer to
/// the hub and handles the answers.
template <class Give>
void connect_edge(Target& hub, HandMadePeer& peer, Give give) {
  const auto ack = hub.give(usual_route(), peer.init());
  require(ack.size() == 1);
  give(peer.on_init_ack(ack[0].bytes));
  while (!peer.up()) {
    const auto messages = peer.take_messages();
    require(!messages.empty());
    for (const ByteVector& message : messages) give(peer.data_packet(message));
  }
  give(*peer.seal(chunk_bytes(wire::PadChunk{8})));  // proves that the peer has the keys
  require(hub.up());
}

}  // namespace hawser::sctp::fuzz
