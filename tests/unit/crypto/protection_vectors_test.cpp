#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>

#include "crypto/hkdf.hpp"
#include "crypto/hmac.hpp"
#include "crypto/record_keys.hpp"
#include "unit/crypto/hex.hpp"
#include "unit/crypto/vector_file.hpp"

// Follows docs/protocol.md step by step: the tests build packets from their fields, and use only Hawser's
// cryptography. The results must equal those of vectors/protection.py, which uses nothing of Hawser.

namespace hawser::crypto {
namespace {

using test::as_bytes;
using test::ByteVector;
using test::Fields;
using test::from_hex;
using test::number;
using test::preshared_key;
using test::read_vectors;
using test::to_hex;

constexpr std::size_t kCommonHeader = 12;
constexpr std::size_t kChunkHeader = 4;
constexpr std::size_t kRecordHeader = 8;
constexpr std::size_t kSealedHeaders = kCommonHeader + kChunkHeader + kRecordHeader;
constexpr std::size_t kInitFixedFields = 16;
constexpr std::size_t kProof = 16;
constexpr std::uint16_t kStateCookie = 7;
constexpr std::uint16_t kProtection = 0x8f57;
constexpr std::uint16_t kAccess = 0x8f58;

std::vector<Fields> blocks_with(const std::string& field) {
  std::vector<Fields> blocks = read_vectors("protection.txt");
  std::erase_if(blocks, [&](const Fields& block) { return !block.contains(field); });
  return blocks;
}

const PresharedKey* pointer(const std::optional<PresharedKey>& key) {
  return key.has_value() ? &*key : nullptr;
}

Sha256Digest sha256(std::initializer_list<Bytes> parts) {
  ByteVector all;
  for (const Bytes part : parts) all.insert(all.end(), part.begin(), part.end());
  Sha256Digest digest;
  EXPECT_EQ(EVP_Digest(all.data(), all.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                       EVP_sha256(), nullptr),
            1);
  return digest;
}

void clear_checksum(MutableBytes packet) {
  std::ranges::fill(packet.subspan(8, 4), std::byte{0});
}

// RFC 9260 appendix A, bit by bit, over the packet with a checksum of zero; in wire order.
ByteVector checksum(ByteVector packet) {
  clear_checksum(packet);
  std::uint32_t crc = 0xffff'ffff;
  for (const std::byte b : packet) {
    crc ^= std::to_integer<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0x82f6'3b78U : 0U);
  }
  crc = ~crc;
  ByteVector out;
  for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(crc >> shift));
  return out;
}

ByteVector stretch(const ByteVector& bytes, std::size_t offset, std::size_t size) {
  const Bytes part = Bytes(bytes).subspan(offset, size);
  return {part.begin(), part.end()};
}

// The only chunk of an INIT or INIT ACK packet.
Bytes chunk_of(const ByteVector& packet) {
  return Bytes(packet).subspan(kCommonHeader, load_be<std::uint16_t>(packet.data() + kCommonHeader + 2));
}

/// A parameter of a chunk.
struct Parameter {
  std::uint16_t type = 0;
  std::size_t offset = 0;  ///< of its header in the chunk
  Bytes value{};
};
std::vector<Parameter> parameters_of(Bytes chunk) {
  std::vector<Parameter> found;
  for (std::size_t at = kChunkHeader + kInitFixedFields; at + 4 <= chunk.size();) {
    const auto size = load_be<std::uint16_t>(chunk.data() + at + 2);
    found.push_back({load_be<std::uint16_t>(chunk.data() + at), at, chunk.subspan(at + 4, size - 4U)});
    at += padded4(size);
  }
  return found;
}

CipherCosts costs_of(const ByteVector& packet) {
  for (const Parameter& parameter : parameters_of(chunk_of(packet))) {
    if (parameter.type != kProtection) continue;
    ByteReader reader(parameter.value);
    EXPECT_EQ(reader.u32(), 0x0100'0000U) << "version 1, and three reserved bytes";
    const std::uint32_t aes = reader.u32();
    return {aes, reader.u32()};
  }
  ADD_FAILURE() << "no PROTECTION";
  return {};
}

PublicKey hub_of(const Fields& fields) {
  return PublicKey::from_bytes(from_hex(fields.at("hub_public_key")));
}

TEST(ProtectionVectors, ProofOfAccessIsAnHmacUnderEachKeyOverTheInitInFrontOfIt) {
  const auto associations = blocks_with("init_packet");
  EXPECT_EQ(associations.size(), 4U);
  for (const Fields& fields : associations) {
    const auto psk = preshared_key(fields);
    const SecretBytes hub_key = derive_hub_key(hub_of(fields));
    const SecretBytes key = derive_access_key(hub_of(fields), pointer(psk));
    EXPECT_EQ(to_hex(hub_key.view()), fields.at("hub_key"));
    EXPECT_EQ(to_hex(key.view()), fields.at("access_key"));

    const ByteVector packet = from_hex(fields.at("init_packet"));
    const Bytes chunk = chunk_of(packet);
    const Parameter last = parameters_of(chunk).back();
    EXPECT_EQ(last.type, kAccess);
    EXPECT_EQ(last.value.size(), 52U) << "nonce, hub MAC, hint, MAC";
    const std::array<Bytes, 1> front = {chunk.first(chunk.size() - 36)};
    const Sha256Digest hub_mac = hmac_sha256(hub_key.view(), front);
    EXPECT_EQ(to_hex(Bytes(hub_mac).first(kProof)), to_hex(last.value.subspan(16, kProof)));
    const std::array<Bytes, 1> covered = {chunk.first(chunk.size() - kProof)};
    EXPECT_EQ(to_hex(Bytes(hmac_sha256(key.view(), covered)).first(kProof)), to_hex(chunk.last(kProof)));
  }
}

TEST(ProtectionVectors, HintIsThatOfTheNonceUnderTheHubMac) {
  for (const Fields& fields : blocks_with("init_packet")) {
    const auto psk = preshared_key(fields);
    const SecretBytes hints = derive_access_hints(hub_of(fields), pointer(psk));
    EXPECT_EQ(to_hex(hints.view()), fields.at("hints"));
    const ByteVector packet = from_hex(fields.at("init_packet"));
    const Bytes chunk = chunk_of(packet);
    const std::array<Bytes, 1> front = {chunk.first(chunk.size() - 36)};
    const Sha256Digest hub_mac = hmac_sha256(derive_hub_key(hub_of(fields)).view(), front);
    const Bytes access = parameters_of(chunk).back().value;
    const Bytes hint = hints.view().subspan(4 * (std::to_integer<std::size_t>(access[0]) % 64), 4);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(access[32 + i], hint[i] ^ hub_mac[16 + i]);
  }
}

TEST(ProtectionVectors, HandshakeMacCoversDirectionContextAndPacketButNotTheChecksum) {
  const auto mac_of = [](const Fields& fields, std::string_view label, const std::string& context,
                         const ByteVector& packet) {
    ByteVector covered = packet;
    clear_checksum(covered);
    const ByteVector bound = from_hex(fields.at(context));
    const std::array<Bytes, 3> parts = {as_bytes(label), bound, Bytes(covered).first(packet.size() - kProof)};
    return to_hex(Bytes(hmac_sha256(from_hex(fields.at("access_key")), parts)).first(kProof));
  };
  for (const Fields& fields : blocks_with("init_packet")) {
    const auto check = [&](const std::string& field, std::string_view label, const std::string& context) {
      const ByteVector packet = from_hex(fields.at(field));
      EXPECT_EQ(load_be<std::uint32_t>(packet.data() + packet.size() - 20), 0x5f00'0014U) << field;
      EXPECT_EQ(to_hex(Bytes(packet).last(kProof)), mac_of(fields, label, context, packet)) << field;
    };
    const ByteVector init = from_hex(fields.at("init_packet"));
    EXPECT_EQ(to_hex(sha256({chunk_of(init)})), fields.at("init_hash"));
    check("init_ack_packet", "hawser hub handshake", "init_hash");
    check("cookie_echo_packet", "hawser edge handshake", "transcript");
    check("cookie_ack_packet", "hawser hub handshake", "transcript");
  }
}

TEST(ProtectionVectors, TranscriptIsAHashOfTheInitAndOfTheInitAckInFrontOfItsCookie) {
  for (const Fields& fields : blocks_with("init_packet")) {
    const ByteVector init = from_hex(fields.at("init_packet"));
    const ByteVector ack = from_hex(fields.at("init_ack_packet"));
    EXPECT_LE(ack.size(), init.size()) << "the answer is not larger than the INIT";
    const Parameter last = parameters_of(chunk_of(ack)).back();
    EXPECT_EQ(last.type, kStateCookie);
    const Bytes front = chunk_of(ack).first(last.offset).subspan(kChunkHeader);
    EXPECT_EQ(to_hex(sha256({chunk_of(init), front})), fields.at("transcript"));
  }
}

TEST(ProtectionVectors, BothEndsChooseTheCipherWhoseSlowerEndIsFaster) {
  for (const Fields& fields : blocks_with("init_packet")) {
    const CipherCosts client = costs_of(from_hex(fields.at("init_packet")));
    const CipherCosts server = costs_of(from_hex(fields.at("init_ack_packet")));
    EXPECT_EQ(choose_cipher(client, server), test::cipher(fields, "agreed_cipher"));
    EXPECT_EQ(choose_cipher(server, client), test::cipher(fields, "agreed_cipher"));
  }
}

// RFC 8446 §7.5: TLS derives the secret from its exporter master secret, our label and the transcript.
TEST(ProtectionVectors, ExporterSecretIsThatOfTlsForOurLabelAndTheTranscript) {
  const auto epochs = blocks_with("exporter_master_secret");
  EXPECT_EQ(epochs.size(), 8U);
  for (const Fields& fields : epochs) {
    const SecretBytes derived = hkdf_expand_label(from_hex(fields.at("exporter_master_secret")),
                                                  "EXPORTER-hawser-record", sha256({}), 32, "tls13 ");
    const ByteVector context = from_hex(fields.at("transcript"));
    EXPECT_EQ(to_hex(hkdf_expand_label(derived.view(), "exporter", sha256({context}), 32, "tls13 ").view()),
              fields.at("exporter_secret"));
  }
}

/// A sealed packet of the vectors, with the keys of both ends.
class SealedPacket {
 public:
  explicit SealedPacket(Fields fields)
      : fields_(std::move(fields)), psk_(preshared_key(fields_)), whole_(bytes("packet")) {}

  [[nodiscard]] ByteVector bytes(const std::string& field) const { return from_hex(fields_.at(field)); }
  [[nodiscard]] std::uint8_t path() const { return static_cast<std::uint8_t>(number(fields_, "path")); }
  [[nodiscard]] std::uint8_t epoch() const { return static_cast<std::uint8_t>(number(fields_, "epoch")); }
  [[nodiscard]] std::uint64_t sequence() const { return number(fields_, "sequence"); }
  [[nodiscard]] const ByteVector& whole() const { return whole_; }
  [[nodiscard]] std::string description() const {
    return fields_.at("cipher") + ", epoch " + fields_.at("epoch") + ", from the " + fields_.at("sender");
  }

  [[nodiscard]] RecordKeys keys(bool of_sender) const {
    const bool client = (fields_.at("sender") == "client") == of_sender;
    return derive_record_keys(test::cipher(fields_), client ? TlsRole::client : TlsRole::server, epoch(),
                              bytes("exporter_secret"), pointer(psk_));
  }
  /// Opens a packet like a receiver; returns nothing when it is not authentic.
  [[nodiscard]] ByteVector open(ByteVector packet) const {
    ReceiveKeys keys = this->keys(false).receive;
    clear_checksum(packet);
    const ByteVector associated_data = stretch(packet, 0, kSealedHeaders);
    const auto path = std::to_integer<std::uint8_t>(packet[kCommonHeader + kChunkHeader]);
    const std::uint64_t sequence =
        load_be<std::uint64_t>(packet.data() + kCommonHeader + kChunkHeader) & 0xffff'ffff'ffffU;
    ByteVector chunks = stretch(packet, kSealedHeaders, packet.size() - kSealedHeaders - kAeadTagSize);
    const bool authentic = keys.key.open(record_nonce(keys.iv, path, sequence), associated_data, chunks,
                                         Bytes(packet).last<kAeadTagSize>());
    return authentic ? chunks : ByteVector{};
  }

 private:
  Fields fields_;
  std::optional<PresharedKey> psk_;
  ByteVector whole_;
};

class SealedPackets : public testing::Test {
 protected:
  template <class Check>
  static void for_each(Check check) {
    const auto blocks = blocks_with("packet");
    EXPECT_EQ(blocks.size(), 16U);
    for (const Fields& fields : blocks) {
      const SealedPacket packet(fields);
      SCOPED_TRACE(packet.description());
      check(packet);
    }
  }
};

TEST_F(SealedPackets, AreWhatTheSenderPutsTogether) {
  for_each([](const SealedPacket& packet) {
    ByteVector chunks = packet.bytes("chunks");
    ByteVector out(kSealedHeaders + chunks.size() + kAeadTagSize);
    ByteWriter writer(out);
    writer.bytes(Bytes(packet.whole()).first(8));  // ports and verification tag
    writer.u32(0);
    writer.u8(0x5e);
    writer.u8(0);
    writer.u16(static_cast<std::uint16_t>(out.size() - kCommonHeader));
    writer.u8(packet.path());
    writer.u8(packet.epoch());
    writer.u16(static_cast<std::uint16_t>(packet.sequence() >> 32U));
    writer.u32(static_cast<std::uint32_t>(packet.sequence()));
    EXPECT_EQ(to_hex(writer.written()), to_hex(packet.bytes("associated_data")));

    SendKeys keys = packet.keys(true).send;
    EXPECT_EQ(to_hex(keys.iv), to_hex(packet.bytes("iv")));
    const RecordIv nonce = record_nonce(keys.iv, packet.path(), packet.sequence());
    EXPECT_EQ(to_hex(nonce), to_hex(packet.bytes("nonce")));
    std::array<std::byte, kAeadTagSize> tag;
    keys.key.seal(nonce, packet.bytes("associated_data"), chunks, tag);
    writer.bytes(chunks);
    writer.bytes(tag);
    EXPECT_EQ(to_hex(out), to_hex(packet.whole()));
  });
}

TEST_F(SealedPackets, AreOpenedWithAndWithoutAChecksum) {
  for_each([](const SealedPacket& packet) {
    EXPECT_EQ(packet.open(packet.whole()), packet.bytes("chunks"));
    EXPECT_EQ(packet.open(packet.bytes("packet_with_checksum")), packet.bytes("chunks"));
  });
}

TEST_F(SealedPackets, AreRefusedWhenAnyByteButTheChecksumIsChanged) {
  for_each([](const SealedPacket& packet) {
    for (std::size_t at = 0; at < packet.whole().size(); ++at) {
      ByteVector changed = packet.whole();
      changed[at] ^= std::byte{1};
      const bool in_checksum = at >= 8 && at < kCommonHeader;
      EXPECT_EQ(packet.open(changed).empty(), !in_checksum) << "byte " << at;
    }
  });
}

TEST(ProtectionVectors, ChecksumsAreCrc32cOverTheWholePacket) {
  const std::vector<std::string> with_checksum = {"init_packet", "init_ack_packet", "cookie_echo_packet",
                                                  "cookie_ack_packet", "packet_with_checksum"};
  int met = 0;
  for (const Fields& fields : read_vectors("protection.txt")) {
    for (const std::string& field : with_checksum) {
      if (!fields.contains(field)) continue;
      const ByteVector packet = from_hex(fields.at(field));
      EXPECT_EQ(to_hex(stretch(packet, 8, 4)), to_hex(checksum(packet))) << field;
      ++met;
    }
  }
  EXPECT_EQ(met, 4 * 4 + 16);
}

}  // namespace
}  // namespace hawser::crypto
