// Sends arbitrary bytes as an INIT chunk to a protected hub, half of them with a valid ACCESS proof. In all
// cases: without a valid proof there is no answer; with one there is at most one, not larger than the INIT;
// the hub keeps no state, and a cookie that was altered or returned from another address creates no
// association.

#include "crypto/hmac.hpp"
#include "protected_peer.hpp"

namespace hawser::sctp::fuzz {
namespace {

// Whether the chunk ends with a valid ACCESS proof as specified in docs/protocol.md; does not use the
// engine's implementation.
bool has_valid_access(Bytes chunk) {
  if (chunk.size() < 20 + wire::kAccessParameterSize) return false;
  const Bytes access = chunk.last(56);
  if (load_be<std::uint32_t>(access.data()) != 0x8f58'0038U) return false;
  const std::array<Bytes, 1> first = {chunk.first(chunk.size() - 36)};
  const auto hub_mac = crypto::hmac_sha256(crypto::derive_hub_key(hub_key().public_key()).view(), first);
  if (!std::ranges::equal(Bytes(hub_mac).first(16), access.subspan(20, 16))) return false;
  const auto hints = crypto::derive_access_hints(hub_key().public_key(), nullptr);
  const Bytes hint = hints.view().subspan(std::to_integer<std::size_t>(access[4]) % 64 * 4, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    if (access[36 + i] != (hint[i] ^ hub_mac[16 + i])) return false;
  }
  const std::array<Bytes, 1> signed_part = {chunk.first(chunk.size() - 16)};
  const auto key = crypto::derive_access_key(hub_key().public_key(), nullptr);
  const auto mac = crypto::hmac_sha256(key.view(), signed_part);
  return std::ranges::equal(Bytes(mac).first(16), chunk.last(16));
}

/// One INIT at a hub, and the cookies that are returned afterwards.
class InitAtAHub {
 public:
  explicit InitAtAHub(Input input) : input_(input) {}

  void run() {
    const unsigned how = input_.u8();
    const unsigned cookie_at = input_.u16();
    ByteVector chunk = make_chunk(how);
    if (how & 1U && chunk.size() >= wire::kAccessParameterSize) sign_access_at_end(chunk);
    const ByteVector packet =
        packet_of(VerificationTag{(how & 16U) != 0 ? std::uint32_t{input_.u8()} : 0}, chunk);
    const auto answers = hub_.give(usual_route(), packet);
    check(packet, answers);
    if (!answers.empty()) try_cookies(packet, answers[0].bytes, cookie_at);
  }

 private:
  /// Makes the chunk from arbitrary bytes, or from a valid front and arbitrary parameters; with an ACCESS
  /// parameter at its end, or without.
  ByteVector make_chunk(unsigned how) {
    ByteVector chunk;
    if ((how & 2U) != 0) {
      const Bytes raw = input_.take(kMaxPacketSize - 100);
      chunk.assign(raw.begin(), raw.end());
      if (!chunk.empty()) chunk[0] = std::byte{1};
    } else {
      HandMadePeer edge(false);
      const ByteVector model = edge.init();
      const Bytes front = Bytes(model).subspan(wire::kCommonHeaderSize, (how & 8U) != 0 ? 20 : 20 + 8 + 16);
      chunk.assign(front.begin(), front.end());
      const Bytes more = input_.take(kMaxPacketSize - 200);
      chunk.insert(chunk.end(), more.begin(), more.end());
    }
    if ((how & 4U) != 0) {
      chunk.resize(padded4(chunk.size()) + wire::kAccessParameterSize);
      store_be(chunk.data() + chunk.size() - wire::kAccessParameterSize, std::uint32_t{0x8f58'0038});
    }
    if (chunk.size() >= 4 && (how & 32U) == 0)
      store_be(chunk.data() + 2, static_cast<std::uint16_t>(chunk.size()));
    return chunk;
  }
  static void sign_access_at_end(ByteVector& chunk) { security::sign_access(chunk, secrets()); }

  void check(const ByteVector& packet, const std::vector<Sent>& answers) {
    require(hub_.endpoint().association_count() == 0 && hub_.endpoint().next_timeout() == kNever);
    require(hub_.pool().in_use() == 0 && !hub_.up());
    if (answers.empty()) {
      require(hub_.drops() == 1);
      return;
    }
    require(answers.size() == 1 && answers[0].route == usual_route());
    require(answers[0].bytes.size() <= packet.size());
    require(has_valid_access(Bytes(packet).subspan(wire::kCommonHeaderSize)));
    const auto view = wire::PacketView::parse(answers[0].bytes);
    wire::ChunkReader reader = view->chunks();
    const auto ack = reader.next();
    const auto mac = reader.next();
    require(ack && ack->is(wire::ChunkType::kInitAck) && mac && mac->is(wire::ChunkType::kHandshakeMac) &&
            !reader.next());
  }

  void try_cookies(const ByteVector& init, const ByteVector& packet, unsigned at) {
    const auto chunk = find_chunk(packet, wire::ChunkType::kInitAck);
    const auto ack = wire::InitChunk::parse(*chunk);
    const auto parameters = wire::InitParameters::parse(ack->parameters);
    require(parameters && parameters->cookie && parameters->protection && parameters->unrecognized.empty());
    ByteVector cookie(parameters->cookie->value.begin(), parameters->cookie->value.end());
    const std::array<Bytes, 2> transcript = {Bytes(init).subspan(wire::kCommonHeaderSize),
                                             Bytes(chunk->value.data(), parameters->cookie->whole.data())};
    const security::HandshakeMac mac(crypto::TlsRole::client, secrets().access_key.view(),
                                     crypto::sha256(transcript));
    const auto echo = [&] { return chunk_bytes(wire::CookieEchoChunk{cookie}); };
    const auto refused = [&](const ByteVector& packet) {
      require(hub_.give(usual_route(), packet).empty() && hub_.endpoint().association_count() == 0);
    };
    refused(packet_of(ack->initiate_tag, echo()));
    ByteVector altered = packet_of(ack->initiate_tag, echo(), mac);
    // Not the checksum, which is made again.
    altered[wire::kCommonHeaderSize + at % (altered.size() - wire::kCommonHeaderSize)] ^= std::byte{1};
    wire::seal_checksum(altered);
    refused(altered);
    cookie[at % cookie.size()] ^= std::byte{1};
    refused(packet_of(ack->initiate_tag, echo(), mac));
    cookie[at % cookie.size()] ^= std::byte{1};
    check_renewal(ack->initiate_tag, echo(), mac);
    require(!hub_.give(usual_route(), packet_of(ack->initiate_tag, echo(), mac)).empty());
    require(hub_.endpoint().association_count() == 1 && !hub_.up());
  }

  /// From another address the cookie creates nothing. An INIT ACK that renews it is not larger.
  void check_renewal(VerificationTag tag, Bytes echo, const security::HandshakeMac& mac) {
    const ByteVector packet = packet_of(tag, echo, mac);
    for (const Sent& each : hub_.give(other_route(), packet)) {
      require(each.route == other_route() && each.bytes.size() <= packet.size());
      require(find_chunk(each.bytes, wire::ChunkType::kInitAck).has_value());
    }
    require(hub_.endpoint().association_count() == 0);
  }

  Input input_;
  Target hub_{true};
};

}  // namespace
}  // namespace hawser::sctp::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hawser::sctp::fuzz::InitAtAHub(hawser::fuzz::Input(std::as_bytes(std::span(data, size)))).run();
  return 0;
}
