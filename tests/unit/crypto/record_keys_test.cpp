#include "crypto/record_keys.hpp"

#include <gtest/gtest.h>

#include "hawser/crypto/random.hpp"
#include "unit/crypto/hex.hpp"
#include "unit/crypto/vector_file.hpp"

namespace hawser::crypto {
namespace {

using test::ByteVector;
using test::Fields;
using test::from_hex;
using test::number;
using test::preshared_key;
using test::read_vectors;
using test::to_hex;

using Tag = std::array<std::byte, kAeadTagSize>;

void expect_sealed(SendKeys& keys, const Fields& fields, const std::string& side) {
  EXPECT_EQ(to_hex(keys.iv), fields.at(side + "_iv"));
  const RecordIv nonce =
      record_nonce(keys.iv, static_cast<std::uint8_t>(number(fields, "path")), number(fields, "sequence"));
  EXPECT_EQ(to_hex(nonce), fields.at(side + "_nonce"));
  ByteVector data = from_hex(fields.at("plaintext"));
  Tag tag;
  keys.key.seal(nonce, from_hex(fields.at("associated_data")), data, tag);
  EXPECT_EQ(to_hex(data), fields.at(side + "_ciphertext"));
  EXPECT_EQ(to_hex(tag), fields.at(side + "_tag"));
}

TEST(RecordKeys, MeetTheVectorsThatAnIndependentProgramComputed) {
  int met = 0;
  for (const Fields& fields : read_vectors("records.txt")) {
    if (!fields.contains("cipher")) continue;
    SCOPED_TRACE(fields.at("cipher") + " epoch " + fields.at("epoch"));
    const Cipher cipher = test::cipher(fields);
    const auto epoch = static_cast<std::uint8_t>(number(fields, "epoch"));
    const auto psk = preshared_key(fields);
    for (const TlsRole role : {TlsRole::client, TlsRole::server}) {
      RecordKeys keys = derive_record_keys(cipher, role, epoch, from_hex(fields.at("exporter_secret")),
                                           psk.has_value() ? &*psk : nullptr);
      expect_sealed(keys.send, fields, role == TlsRole::client ? "client" : "server");
      EXPECT_EQ(to_hex(keys.receive.iv), fields.at(role == TlsRole::client ? "server_iv" : "client_iv"));
    }
    ++met;
  }
  EXPECT_EQ(met, 6);
}

TEST(AccessKey, MeetsTheVectorsThatAnIndependentProgramComputed) {
  int met = 0;
  for (const Fields& fields : read_vectors("records.txt")) {
    if (!fields.contains("access_key")) continue;
    const auto psk = preshared_key(fields);
    const PublicKey hub = PublicKey::from_bytes(from_hex(fields.at("hub_public_key")));
    EXPECT_EQ(to_hex(derive_access_key(hub, psk.has_value() ? &*psk : nullptr).view()),
              fields.at("access_key"));
    ++met;
  }
  EXPECT_EQ(met, 2);
}

/// Fixture with the keys of both ends.
class RecordKeyPair : public testing::Test {
 protected:
  static constexpr std::uint8_t kEpoch = 7;

  RecordKeys derive(TlsRole role, std::uint8_t epoch, Cipher cipher = Cipher::aes_128_gcm) {
    return derive_record_keys(cipher, role, epoch, secret_, psk_);
  }
  /// Whether `receiver` opens a packet that `sender` has sealed.
  static bool passes(RecordKeys& sender, RecordKeys& receiver) {
    ByteVector data(100, std::byte{1});
    Tag tag;
    sender.send.key.seal(record_nonce(sender.send.iv, 1, 2), {}, data, tag);
    return receiver.receive.key.open(record_nonce(receiver.receive.iv, 1, 2), {}, data, tag);
  }

  ByteVector secret_ = ByteVector(32, std::byte{9});
  const PresharedKey* psk_ = nullptr;
  RecordKeys client_ = derive(TlsRole::client, kEpoch);
};

TEST_F(RecordKeyPair, OpensWhatTheOtherEndSealsInBothDirections) {
  for (const Cipher cipher : {Cipher::aes_128_gcm, Cipher::chacha20_poly1305}) {
    RecordKeys client = derive(TlsRole::client, kEpoch, cipher);
    RecordKeys server = derive(TlsRole::server, kEpoch, cipher);
    EXPECT_TRUE(passes(client, server));
    EXPECT_TRUE(passes(server, client));
  }
}

TEST_F(RecordKeyPair, NeverOpensWhatItSealedItself) {
  EXPECT_FALSE(passes(client_, client_));
}

TEST_F(RecordKeyPair, NeverOpensWhatWasSealedInAnotherEpoch) {
  RecordKeys server = derive(TlsRole::server, kEpoch + 1);
  EXPECT_FALSE(passes(client_, server));
  EXPECT_FALSE(passes(server, client_));
}

TEST_F(RecordKeyPair, NeverOpensWithoutThePresharedKeyOrWithAnother) {
  SystemRandom random;
  const PresharedKey one = PresharedKey::generate(random);
  const PresharedKey two = PresharedKey::generate(random);
  psk_ = &one;
  RecordKeys with_one = derive(TlsRole::server, kEpoch);
  RecordKeys client_with_one = derive(TlsRole::client, kEpoch);
  psk_ = &two;
  RecordKeys with_two = derive(TlsRole::server, kEpoch);
  EXPECT_TRUE(passes(client_with_one, with_one));
  EXPECT_FALSE(passes(client_, with_one));
  EXPECT_FALSE(passes(client_with_one, with_two));
}

TEST_F(RecordKeyPair, NeverOpensUnderAnotherExporterSecret) {
  secret_[0] ^= std::byte{1};
  RecordKeys server = derive(TlsRole::server, kEpoch);
  EXPECT_FALSE(passes(client_, server));
}

TEST(RecordNonce, KeepsEveryPairOfPathAndSequenceApart) {
  const RecordIv zero{};
  EXPECT_EQ(to_hex(record_nonce(zero, 0xab, 0x010203040506)), "0000000000ab010203040506");
  EXPECT_EQ(to_hex(record_nonce(zero, 0xff, 0xffffffffffff)), "0000000000ffffffffffffff");
  RecordIv iv;
  iv.fill(std::byte{0xff});
  EXPECT_EQ(to_hex(record_nonce(iv, 0xab, 0x010203040506)), "ffffffffff54fefdfcfbfaf9");
  EXPECT_EQ(to_hex(record_nonce(iv, 0, 0)), to_hex(iv));
}

}  // namespace
}  // namespace hawser::crypto
