#include "crypto/hmac.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hawser::crypto {
namespace {

Bytes as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string hex(Bytes bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out += kDigits[std::to_integer<unsigned>(b) >> 4U];
    out += kDigits[std::to_integer<unsigned>(b) & 15U];
  }
  return out;
}

std::string counting_key() {
  std::string key;
  for (char c = 1; c <= 25; ++c) key += c;
  return key;
}

struct Vector {
  std::string key;
  std::string data;
  std::string digest;
};

std::string sha1(const std::string& key, const std::string& data) {
  const Bytes parts[] = {as_bytes(data)};
  return hex(hmac_sha1(as_bytes(key), parts));
}

std::string sha256(const std::string& key, const std::string& data) {
  const Bytes parts[] = {as_bytes(data)};
  return hex(hmac_sha256(as_bytes(key), parts));
}

TEST(HmacSha1, MeetsTheVectorsOfRfc2202) {
  const Vector vectors[] = {
      {std::string(20, '\x0b'), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
      {"Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {counting_key(), std::string(50, '\xcd'), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
      {std::string(20, '\x0c'), "Test With Truncation", "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
      {std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
      {std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
       "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
  };
  for (const Vector& v : vectors) EXPECT_EQ(sha1(v.key, v.data), v.digest) << v.data;
}

TEST(HmacSha256, MeetsTheVectorsOfRfc4231) {
  const Vector vectors[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counting_key(), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
       "to "
       "be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Vector& v : vectors) EXPECT_EQ(sha256(v.key, v.data), v.digest) << v.data;
}

TEST(Hmac, TakesAnEmptyKeyAndNoData) {
  EXPECT_EQ(hex(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
  EXPECT_EQ(hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hmac, AnEmptyKeyIsNotTheKeyOfTheCallBefore) {
  const std::string before = sha256("some key", "data");
  EXPECT_NE(sha256("", "data"), before);
  EXPECT_EQ(sha256("some key", "data"), before);
}

TEST(Hmac, CoversItsPartsAsIfTheyWereOne) {
  const std::string text = "what do ya want for nothing?";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const Bytes parts[] = {as_bytes(text).first(cut), Bytes{}, as_bytes(text).subspan(cut)};
    EXPECT_EQ(hex(hmac_sha1(as_bytes("Jefe"), parts)), sha1("Jefe", text));
    EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), parts)), sha256("Jefe", text));
  }
}

TEST(ConstantTimeEqual, ComparesContentAndSize) {
  EXPECT_TRUE(constant_time_equal(as_bytes("digest"), as_bytes("digest")));
  EXPECT_FALSE(constant_time_equal(as_bytes("digest"), as_bytes("digesT")));
  EXPECT_FALSE(constant_time_equal(as_bytes("digest"), as_bytes("diges")));
  EXPECT_TRUE(constant_time_equal({}, {}));
}

}  // namespace
}  // namespace hawser::crypto
