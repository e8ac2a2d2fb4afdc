#include "sctp/handshake/negotiation.hpp"

#include "sctp/wire/parameter.hpp"
#include "sctp/wire/sealed_chunk.hpp"

namespace hawser::sctp::handshake {
namespace {

constexpr std::size_t kRandomSize = std::tuple_size_v<AuthRandom>;

std::vector<std::byte> copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

template <class T>
std::vector<std::byte> pack(std::initializer_list<T> values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  ByteWriter writer(bytes);
  for (const T value : values) {
    if constexpr (sizeof(T) == 1) {
      writer.u8(static_cast<std::uint8_t>(value));
    } else {
      writer.u16(static_cast<std::uint16_t>(value));
    }
  }
  return bytes;
}

std::vector<std::byte> own_chunk_list() {
  return pack({auth::Auth::kOwnChunks[0], auth::Auth::kOwnChunks[1]});
}
std::vector<std::byte> own_hmacs() {
  return pack({wire::HmacId::kSha256, wire::HmacId::kSha1});
}

std::vector<std::byte> own_extensions(const EndpointConfig& config, bool with_auth) {
  std::vector<std::byte> types;
  const auto add = [&types](wire::ChunkType type) { types.push_back(static_cast<std::byte>(type)); };
  if (config.dynamic_addresses) {
    add(wire::ChunkType::kAsconf);
    add(wire::ChunkType::kAsconfAck);
    if (with_auth) add(wire::ChunkType::kAuth);
  }
  if (config.nr_sack) add(wire::ChunkType::kNrSack);
  if (config.partial_reliability) add(wire::ChunkType::kForwardTsn);
  return types;
}

void write_auth_parameters(ByteWriter& writer, const OwnInit& own) {
  wire::write_parameter(writer, wire::ParameterType::kRandom, own.auth_random);
  wire::write_parameter(writer, wire::ParameterType::kChunkList, own_chunk_list());
  wire::write_parameter(writer, wire::ParameterType::kRequestedHmacAlgorithm, own_hmacs());
}

// RFC 4895 §3.1 to §3.3: SHA-1 must be among the algorithms and RANDOM must be present with 32 bytes; CHUNKS
// is optional.
bool usable_auth(const wire::InitParameters& parameters) {
  return parameters.random && parameters.random->value.size() == kRandomSize && parameters.hmac_algorithms &&
         parameters.hmac_identifiers().contains(static_cast<std::uint16_t>(wire::HmacId::kSha1));
}

auth::KeyVector own_key_vector(const OwnInit& own) {
  std::vector<std::byte> raw(256);
  ByteWriter writer(raw);
  const auto add = [&writer](wire::ParameterType type, Bytes value) {
    writer.u16(static_cast<std::uint16_t>(type));
    writer.u16(static_cast<std::uint16_t>(wire::kTlvHeaderSize + value.size()));
    writer.bytes(value);
  };
  add(wire::ParameterType::kRandom, own.auth_random);
  add(wire::ParameterType::kChunkList, own_chunk_list());
  add(wire::ParameterType::kRequestedHmacAlgorithm, own_hmacs());
  raw.resize(writer.size());
  return raw;
}

}  // namespace

OwnInit OwnInit::make(RandomSource& random) {
  OwnInit own;
  while (own.tag == kNoTag) own.tag = VerificationTag{random.u32()};
  own.initial_tsn = Tsn{random.u32()};
  random.fill(own.auth_random);
  return own;
}

PeerInit PeerInit::from(const wire::InitChunk& chunk, const wire::InitParameters& parameters) {
  PeerInit peer;
  peer.tag = chunk.initiate_tag;
  peer.initial_tsn = chunk.initial_tsn;
  peer.a_rwnd = chunk.a_rwnd;
  peer.outbound_streams = chunk.outbound_streams;
  peer.inbound_streams = chunk.inbound_streams;
  peer.nr_sack = parameters.supports(wire::ChunkType::kNrSack);
  peer.asconf =
      parameters.supports(wire::ChunkType::kAsconf) && parameters.supports(wire::ChunkType::kAsconfAck);
  for (const IpAddress& address : parameters.addresses) {
    if (peer.addresses.size() < kMaxListedAddresses && address.is_unicast())
      peer.addresses.push_back(address);
  }
  peer.forward_tsn = parameters.forward_tsn_supported || parameters.supports(wire::ChunkType::kForwardTsn);
  peer.zero_checksum = parameters.zero_checksum == wire::kSealedErrorDetection;
  if (parameters.protection) {
    if (const auto protection = wire::ProtectionParameter::parse(parameters.protection->value))
      peer.cipher_costs = protection->costs;
  }
  if (!usable_auth(parameters)) return peer;
  const Bytes chunks_whole = parameters.chunk_list ? parameters.chunk_list->whole : Bytes{};
  peer.key_vector =
      auth::make_key_vector(parameters.random->whole, chunks_whole, parameters.hmac_algorithms->whole);
  peer.auth_chunks = copy(parameters.chunk_list ? parameters.chunk_list->value : Bytes{});
  peer.auth_hmacs = copy(parameters.hmac_algorithms->value);
  return peer;
}

void write_own_parameters(ByteWriter& writer, const EndpointConfig& config, const OwnInit& own,
                          const SecurityConfig* security) {
  if (const auto extensions = own_extensions(config, security == nullptr); !extensions.empty()) {
    wire::write_parameter(writer, wire::ParameterType::kSupportedExtensions, extensions);
  }
  if (config.partial_reliability)
    wire::write_parameter(writer, wire::ParameterType::kForwardTsnSupported, {});
  // Records authenticate whole packets, so AUTH is not needed.
  if (config.dynamic_addresses && security == nullptr) write_auth_parameters(writer, own);
  if (security != nullptr) {
    std::array<std::byte, 4> method{};
    store_be(method.data(), wire::kSealedErrorDetection);
    wire::write_parameter(writer, wire::ParameterType::kZeroChecksumAcceptable, method);
    wire::ProtectionParameter{security->cipher_costs}.write(writer);
  }
  if (config.adaptation_indication) {
    std::array<std::byte, 4> value{};
    store_be(value.data(), *config.adaptation_indication);
    wire::write_parameter(writer, wire::ParameterType::kAdaptationIndication, value);
  }
}

wire::InitChunk make_init(const EndpointConfig& config, const OwnInit& own, bool ack, Bytes parameters) {
  return {ack,
          own.tag,
          config.receive_window,
          config.outbound_streams,
          config.inbound_streams,
          own.initial_tsn,
          parameters};
}

auth::Auth negotiate_auth(const EndpointConfig& config, const OwnInit& own, const PeerInit& peer) {
  if (!config.dynamic_addresses || !peer.auth()) return {};
  return auth::Auth(config, own_key_vector(own), peer.key_vector, peer.auth_chunks, peer.auth_hmacs);
}

}  // namespace hawser::sctp::handshake
