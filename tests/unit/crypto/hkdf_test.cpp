#include "crypto/hkdf.hpp"

#include <gtest/gtest.h>

#include "unit/crypto/hex.hpp"

namespace hawser::crypto {
namespace {

using test::ByteVector;
using test::from_hex;
using test::to_hex;

ByteVector counting(unsigned first, unsigned last) {
  ByteVector out;
  for (unsigned b = first; b <= last; ++b) out.push_back(static_cast<std::byte>(b));
  return out;
}

void expect_vector(Bytes material, Bytes salt, Bytes info, const std::string& key,
                   const std::string& output) {
  const SecretBytes extracted = hkdf_extract(salt, material);
  EXPECT_EQ(to_hex(extracted.view()), key);
  EXPECT_EQ(to_hex(hkdf_expand(extracted.view(), info, output.size() / 2).view()), output);
}

TEST(Hkdf, MeetsTheVectorsOfRfc5869) {
  const ByteVector eleven(22, std::byte{0x0b});
  expect_vector(eleven, counting(0x00, 0x0c), counting(0xf0, 0xf9),
                "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  expect_vector(
      counting(0x00, 0x4f), counting(0x60, 0xaf), counting(0xb0, 0xff),
      "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
      "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  expect_vector(eleven, {}, {}, "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, ExpandsToAnySizeUpToItsLimitWithTheSamePrefix) {
  const SecretBytes key = hkdf_extract({}, counting(0, 31));
  const std::string longest = to_hex(hkdf_expand(key.view(), {}, 255 * 32).view());
  for (const std::size_t size : {1U, 31U, 32U, 33U, 64U, 8159U}) {
    EXPECT_EQ(to_hex(hkdf_expand(key.view(), {}, size).view()), longest.substr(0, 2 * size)) << size;
  }
  EXPECT_TRUE(hkdf_expand(key.view(), {}, 0).empty());
}

TEST(HkdfExpandLabel, MeetsTheVectorsOfRfc8448WithThePrefixOfTls) {
  const ByteVector early = from_hex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
  const ByteVector empty_hash = from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(hkdf_expand_label(early, "derived", empty_hash, 32, "tls13 ").view()),
            "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
  const ByteVector traffic = from_hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
  EXPECT_EQ(to_hex(hkdf_expand_label(traffic, "key", {}, 16, "tls13 ").view()),
            "3fce516009c21727d0f2e4e86ee403bc");
  EXPECT_EQ(to_hex(hkdf_expand_label(traffic, "iv", {}, 12, "tls13 ").view()), "5d313eb2671276ee13000b30");
}

TEST(HkdfExpandLabel, GivesOtherBytesForEveryOtherInput) {
  const ByteVector secret = counting(0, 31);
  const auto expand = [&](std::string_view label, Bytes context, std::size_t size) {
    return to_hex(hkdf_expand_label(secret, label, context, size).view());
  };
  const std::string reference = expand("key", {}, 16);
  EXPECT_EQ(reference, expand("key", {}, 16));
  EXPECT_NE(reference, expand("kez", {}, 16));
  EXPECT_NE(reference, expand("key", counting(0, 0), 16));
  // Unlike HKDF alone, a label includes the size: a shorter key is no prefix of a longer one.
  EXPECT_NE(reference, expand("key", {}, 32).substr(0, 32));
  EXPECT_NE(reference, to_hex(hkdf_expand_label(secret, "key", {}, 16, "tls13 ").view()));
}

}  // namespace
}  // namespace hawser::crypto
