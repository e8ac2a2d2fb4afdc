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
  const Bytes access = chunk.last(wire::kAccessParameterSize);
  if (load_be<std::uint32_t>(access.data()) != 0x8f58'0024U) return false;
  const std::array<Bytes, 1> signed_part = {chunk.first(chunk.size() - 16)};
  const auto mac = crypto::hmac_sha256(access_key().view(), signed_part);
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
    if (how & 1U && chunk.size() >= 20) sign_access_at_end(chunk);
    const ByteVector packet =
        packet_of(VerificationTag{(how & 16U) != 0 ? std::uint32_t{input_.u8()} : 0}, chunk);
    const auto answers = hub_.give(usual_route(), packet);
    check(packet, answers);
    if (!answers.empty()) try_cookies(answers[0].bytes, cookie_at);
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
      store_be(chunk.data() + chunk.size() - wire::kAccessParameterSize, std::uint32_t{0x8f58'0024});
    }
    if (chunk.size() >= 4 && (how & 32U) == 0)
      store_be(chunk.data() + 2, static_cast<std::uint16_t>(chunk.size()));
    return chunk;
  }
  static void sign_access_at_end(ByteVector& chunk) { security::sign_access(chunk, access_key().view()); }

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
    require(ack && ack->is(wire::ChunkType::kInitAck) && !reader.next());
  }

  void try_cookies(const ByteVector& packet, unsigned at) {
    const auto chunk = find_chunk(packet, wire::ChunkType::kInitAck);
    const auto ack = wire::InitChunk::parse(*chunk);
    const auto parameters = wire::InitParameters::parse(ack->parameters);
    require(parameters && parameters->cookie && parameters->protection && parameters->unrecognized.empty());
    ByteVector cookie(parameters->cookie->value.begin(), parameters->cookie->value.end());
    const auto echo = [&](const Route& route, const ByteVector& echoed) {
      return hub_.give(route, packet_of(ack->initiate_tag, chunk_bytes(wire::CookieEchoChunk{echoed})));
    };
    const auto refused = [&](const Route& route, const ByteVector& echoed) {
      require(echo(route, echoed).empty() && hub_.endpoint().association_count() == 0);
    };
    const auto with_proof = [&cookie] {
      ByteVector whole = cookie;
      const auto proof = security::prove_cookie(cookie, access_key().view());
      whole.insert(whole.end(), proof.begin(), proof.end());
      return whole;
    };
    refused(usual_route(), cookie);
    refused(other_route(), with_proof());
    ByteVector altered = with_proof();
    altered[at % altered.size()] ^= std::byte{1};
    refused(usual_route(), altered);
    cookie[at % cookie.size()] ^= std::byte{1};
    refused(usual_route(), with_proof());
    cookie[at % cookie.size()] ^= std::byte{1};
    require(!echo(usual_route(), with_proof()).empty());
    require(hub_.endpoint().association_count() == 1 && !hub_.up());
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
