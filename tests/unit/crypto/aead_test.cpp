#include "crypto/aead.hpp"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "unit/crypto/hex.hpp"

namespace hawser::crypto {
namespace {

using test::as_bytes;
using test::as_text;
using test::ByteVector;
using test::from_hex;
using test::to_hex;

using Tag = std::array<std::byte, kAeadTagSize>;
using Nonce = std::array<std::byte, kAeadNonceSize>;

Nonce nonce_of(std::string_view hex) {
  Nonce nonce;
  std::ranges::copy(from_hex(hex), nonce.begin());
  return nonce;
}

/// A sealed packet: ciphertext and tag.
struct Sealed {
  ByteVector data;
  Tag tag;
};

Sealed seal(SealingKey& key, const Nonce& nonce, Bytes associated_data, Bytes text) {
  Sealed out{{text.begin(), text.end()}, {}};
  key.seal(nonce, associated_data, out.data, out.tag);
  return out;
}

void expect_vector(Cipher cipher, std::string_view key, std::string_view nonce,
                   std::string_view associated_data, const std::string& text, const std::string& ciphertext,
                   const std::string& tag) {
  SealingKey sealing(cipher, from_hex(key));
  OpeningKey opening(cipher, from_hex(key));
  for (int again = 0; again < 2; ++again) {  // a context is used for many packets
    Sealed sealed = seal(sealing, nonce_of(nonce), from_hex(associated_data), from_hex(text));
    EXPECT_EQ(to_hex(sealed.data), ciphertext);
    EXPECT_EQ(to_hex(sealed.tag), tag);
    EXPECT_TRUE(opening.open(nonce_of(nonce), from_hex(associated_data), sealed.data, sealed.tag));
    EXPECT_EQ(to_hex(sealed.data), text);
  }
}

TEST(Aes128Gcm, MeetsTheVectorsOfItsSpecification) {
  const std::string zero_key(32, '0');
  const std::string zero_nonce(24, '0');
  expect_vector(Cipher::aes_128_gcm, zero_key, zero_nonce, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a");
  expect_vector(Cipher::aes_128_gcm, zero_key, zero_nonce, "", std::string(32, '0'),
                "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf");
  const std::string key = "feffe9928665731c6d6a8f9467308308";
  const std::string nonce = "cafebabefacedbaddecaf888";
  const std::string text =
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aed"
      "f5aa0de657"
      "ba637b391aafd255";
  const std::string ciphertext =
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b"
      "396a0aac97"
      "3d58e091473f5985";
  expect_vector(Cipher::aes_128_gcm, key, nonce, "", text, ciphertext, "4d5c2af327cd64a62cf35abd2ba6fab4");
  expect_vector(Cipher::aes_128_gcm, key, nonce, "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                text.substr(0, 120), ciphertext.substr(0, 120), "5bc94fbc3221a5db94fae95ae7121a47");
}

TEST(Chacha20Poly1305, MeetsTheVectorOfRfc8439) {
  const std::string text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
      "would be it.";
  expect_vector(Cipher::chacha20_poly1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
                "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7", to_hex(as_bytes(text)),
                "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92"
                "728b1a71de0a9e06"
                "0b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def0"
                "8e4b7a9de576d265"
                "86cec64b6116",
                "1ae10b594f09e26a7e902ecbd0600691");
}

/// Fixture for attacks and errors, with both ciphers.
class Aead : public testing::TestWithParam<Cipher> {
 protected:
  Sealed sealed() { return seal(sealing_, nonce_, header_, text_); }
  bool open(Sealed& packet) { return opening_.open(nonce_, header_, packet.data, packet.tag); }
  static bool all_zero(Bytes bytes) {
    return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
  }

  ByteVector key_ = ByteVector(key_size(GetParam()), std::byte{0x42});
  SealingKey sealing_{GetParam(), key_};
  OpeningKey opening_{GetParam(), key_};
  Nonce nonce_ = nonce_of("000102030405060708090a0b");
  ByteVector header_ = ByteVector(24, std::byte{0x17});
  ByteVector text_ = ByteVector(1372, std::byte{0x5a});
};

INSTANTIATE_TEST_SUITE_P(Ciphers, Aead, testing::Values(Cipher::aes_128_gcm, Cipher::chacha20_poly1305));

TEST_P(Aead, OpensWhatItSealedAtEverySize) {
  for (std::size_t size = 0; size < 10'000; size += size < 1700 ? 1 : 61) {
    const ByteVector text(size, static_cast<std::byte>(size));
    Sealed packet = seal(sealing_, nonce_, header_, text);
    ASSERT_TRUE(open(packet)) << size;
    ASSERT_EQ(packet.data, text) << size;
  }
}

TEST_P(Aead, SealsInPlaceWithTheTagRightBehindTheData) {
  ByteVector packet = text_;
  packet.resize(text_.size() + kAeadTagSize);
  const MutableBytes all(packet);
  sealing_.seal(nonce_, header_, all.first(text_.size()), all.last<kAeadTagSize>());
  const Sealed apart = sealed();
  EXPECT_TRUE(std::ranges::equal(all.first(text_.size()), apart.data));
  EXPECT_TRUE(std::ranges::equal(all.last(kAeadTagSize), apart.tag));
  EXPECT_TRUE(opening_.open(nonce_, header_, all.first(text_.size()), all.last<kAeadTagSize>()));
  EXPECT_TRUE(std::ranges::equal(all.first(text_.size()), text_));
}

TEST_P(Aead, SealsTwoPacketsOfOneTextDifferently) {
  const Sealed first = sealed();
  nonce_[11] ^= std::byte{1};
  const Sealed second = sealed();
  EXPECT_NE(first.data, second.data);
  EXPECT_NE(first.tag, second.tag);
}

TEST_P(Aead, RefusesAnyChangedBitOfTheCiphertextAndShowsNothing) {
  for (std::size_t bit = 0; bit < 8 * text_.size(); bit += 61) {
    Sealed packet = sealed();
    packet.data[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    ASSERT_FALSE(open(packet)) << bit;
    ASSERT_TRUE(all_zero(packet.data)) << bit;
  }
}

TEST_P(Aead, RefusesAnyChangedBitOfTheTag) {
  for (std::size_t bit = 0; bit < 8 * kAeadTagSize; ++bit) {
    Sealed packet = sealed();
    packet.tag[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    ASSERT_FALSE(open(packet)) << bit;
    ASSERT_TRUE(all_zero(packet.data)) << bit;
  }
}

TEST_P(Aead, RefusesATagWhoseEndIsCutOff) {
  for (std::size_t kept = 0; kept < kAeadTagSize; ++kept) {
    Sealed packet = sealed();
    if (all_zero(Bytes(packet.tag).subspan(kept))) continue;
    std::fill(packet.tag.begin() + static_cast<std::ptrdiff_t>(kept), packet.tag.end(), std::byte{});
    EXPECT_FALSE(open(packet)) << kept;
  }
}

TEST_P(Aead, RefusesChangedAssociatedData) {
  for (std::size_t bit = 0; bit < 8 * header_.size(); ++bit) {
    Sealed packet = sealed();
    ByteVector changed = header_;
    changed[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    ASSERT_FALSE(opening_.open(nonce_, changed, packet.data, packet.tag)) << bit;
  }
  for (const std::size_t size : {0U, 1U, 23U}) {
    Sealed packet = sealed();
    ASSERT_FALSE(opening_.open(nonce_, Bytes(header_).first(size), packet.data, packet.tag)) << size;
  }
}

TEST_P(Aead, RefusesBytesThatMovedBetweenHeaderAndData) {
  Sealed packet = sealed();
  header_.push_back(packet.data.front());
  packet.data.erase(packet.data.begin());
  EXPECT_FALSE(open(packet));
}

TEST_P(Aead, RefusesAnotherNonce) {
  for (std::size_t bit = 0; bit < 8 * kAeadNonceSize; ++bit) {
    Sealed packet = sealed();
    Nonce changed = nonce_;
    changed[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    ASSERT_FALSE(opening_.open(changed, header_, packet.data, packet.tag)) << bit;
  }
}

TEST_P(Aead, RefusesAnotherKey) {
  for (const std::size_t byte : {std::size_t{0}, key_.size() / 2, key_.size() - 1}) {
    ByteVector changed = key_;
    changed[byte] ^= std::byte{1};
    OpeningKey other(GetParam(), changed);
    Sealed packet = sealed();
    EXPECT_FALSE(other.open(nonce_, header_, packet.data, packet.tag));
    EXPECT_TRUE(all_zero(packet.data));
  }
}

TEST_P(Aead, RefusesTruncatedAndExtendedCiphertext) {
  Sealed shorter = sealed();
  shorter.data.pop_back();
  EXPECT_FALSE(open(shorter));
  Sealed longer = sealed();
  longer.data.push_back(std::byte{});
  EXPECT_FALSE(open(longer));
  Sealed none{{}, sealed().tag};
  EXPECT_FALSE(open(none));
}

TEST_P(Aead, OpensTheNextPacketAfterAForgery) {
  Sealed forged = sealed();
  forged.tag[0] ^= std::byte{1};
  EXPECT_FALSE(open(forged));
  Sealed good = sealed();
  EXPECT_TRUE(open(good));
  EXPECT_EQ(good.data, text_);
}

int allocations = 0;

// Runs in a fresh process; exits with 0 when a thousand packets, forged ones among them, make OpenSSL
// allocate no memory.
[[noreturn]] void check_that_packets_allocate_nothing(Cipher cipher) {
  const auto allocate = [](std::size_t size, const char*, int) {
    ++allocations;
    return std::malloc(size);
  };
  const auto reallocate = [](void* block, std::size_t size, const char*, int) {
    ++allocations;
    return std::realloc(block, size);
  };
  if (CRYPTO_set_mem_functions(allocate, reallocate,
                               [](void* block, const char*, int) { std::free(block); }) != 1) {
    std::exit(1);
  }
  const ByteVector key(key_size(cipher));
  SealingKey sealing(cipher, key);
  OpeningKey opening(cipher, key);
  if (allocations == 0) std::exit(2);
  Nonce nonce{};
  Sealed packet{ByteVector(1400), {}};
  allocations = 0;
  for (int i = 0; i < 1000; ++i) {
    nonce[11] = static_cast<std::byte>(i);
    sealing.seal(nonce, nonce, packet.data, packet.tag);
    const bool forged = i % 10 == 9;
    if (forged) packet.tag[3] ^= std::byte{1};
    if (opening.open(nonce, nonce, packet.data, packet.tag) == forged) std::exit(3);
  }
  std::exit(allocations == 0 ? 0 : 4);
}

TEST(AeadKeys, SealsAndOpensWithoutAnAllocation) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  for (const Cipher cipher : {Cipher::aes_128_gcm, Cipher::chacha20_poly1305}) {
    EXPECT_EXIT(check_that_packets_allocate_nothing(cipher), testing::ExitedWithCode(0), "") << name(cipher);
  }
}

TEST(AeadKeys, OneCipherNeverOpensWhatTheOtherSealed) {
  SealingKey aes(Cipher::aes_128_gcm, ByteVector(16));
  OpeningKey chacha(Cipher::chacha20_poly1305, ByteVector(32));
  const Nonce nonce{};
  Sealed packet = seal(aes, nonce, {}, as_bytes("hello"));
  EXPECT_FALSE(chacha.open(nonce, {}, packet.data, packet.tag));
}

TEST(CipherChoice, MeasuresBothInAboutTheTimeItWasGiven) {
  const auto start = std::chrono::steady_clock::now();
  const CipherCosts costs = measure_ciphers(std::chrono::milliseconds(2));
  const auto spent = std::chrono::steady_clock::now() - start;
  // The costs of 1400 bytes at 140 GB/s and at 1.4 MB/s.
  EXPECT_GT(costs.aes_128_gcm, 10U);
  EXPECT_LT(costs.aes_128_gcm, 1'000'000U);
  EXPECT_GT(costs.chacha20_poly1305, 10U);
  EXPECT_LT(costs.chacha20_poly1305, 1'000'000U);
  EXPECT_LT(spent, std::chrono::seconds(5));
}

TEST(CipherChoice, ServesTheSlowerEndAndIsTheSameOnBothEnds) {
  const CipherCosts fast_aes{200, 700};
  const CipherCosts no_aes_instructions{9000, 2500};
  const CipherCosts slow_but_even{3000, 3100};
  EXPECT_EQ(choose_cipher(fast_aes, fast_aes), Cipher::aes_128_gcm);
  EXPECT_EQ(choose_cipher(fast_aes, no_aes_instructions), Cipher::chacha20_poly1305);
  EXPECT_EQ(choose_cipher(no_aes_instructions, fast_aes), Cipher::chacha20_poly1305);
  EXPECT_EQ(choose_cipher(slow_but_even, fast_aes), Cipher::aes_128_gcm);
  EXPECT_EQ(choose_cipher({500, 500}, {500, 500}), Cipher::aes_128_gcm);
}

}  // namespace
}  // namespace hawser::crypto
