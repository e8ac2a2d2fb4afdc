#include "hawser/crypto/keys.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crypto/base64.hpp"
#include "hawser/crypto/random.hpp"
#include "unit/crypto/hex.hpp"

namespace hawser::crypto {
namespace {

using test::as_bytes;
using test::as_text;
using test::from_hex;
using test::to_hex;

std::string base64(std::string_view text) {
  std::string out(base64_size(text.size()), '?');
  base64_encode(as_bytes(text), out);
  return out;
}

TEST(Base64, MeetsTheVectorsOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, CodesEveryDigitAndDecodesIt) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::byte, 48> bytes;
  ASSERT_TRUE(base64_decode(alphabet, bytes));
  EXPECT_EQ(to_hex(bytes).substr(0, 12), "001083105187");
  EXPECT_EQ(base64(as_text(bytes)), alphabet);
}

TEST(Base64, AcceptsNoCharacterOutsideTheAlphabet) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::byte, 3> out;
  for (int c = 0; c < 256; ++c) {
    const bool known = c != 0 && alphabet.find(static_cast<char>(c)) != std::string::npos;
    for (std::size_t position = 0; position < 4; ++position) {
      std::string text = "AAAA";
      text[position] = static_cast<char>(c);
      EXPECT_EQ(base64_decode(text, out), known) << c << " at " << position;
    }
  }
}

TEST(Base64, AcceptsOnlyTheOneEncoding) {
  std::array<std::byte, 1> one;
  EXPECT_TRUE(base64_decode("Zg==", one));
  for (const char* text : {"Zh==", "Zg=A", "Zg", "Zg=", "Zg===", "Zm8=", "====", "Z==="}) {
    EXPECT_FALSE(base64_decode(text, one)) << text;
  }
  std::array<std::byte, 2> two;
  EXPECT_TRUE(base64_decode("Zm8=", two));
  EXPECT_FALSE(base64_decode("Zm9=", two));
  EXPECT_FALSE(base64_decode("Zm9v", two));
}

TEST(PrivateKey, GivesThePublicKeysOfRfc8032) {
  const std::pair<const char*, const char*> vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"}};
  for (const auto& [seed, public_key] : vectors) {
    EXPECT_EQ(to_hex(PrivateKey::from_seed(from_hex(seed)).public_key().bytes()), public_key);
  }
}

TEST(PrivateKey, RoundTripsThroughItsLine) {
  SystemRandom random;
  const PrivateKey key = PrivateKey::generate(random);
  const SecretBytes line = key.to_base64_line();
  EXPECT_EQ(line.size(), 45U);
  EXPECT_EQ(line.view().back(), std::byte{'\n'});
  const auto again = PrivateKey::from_base64(as_text(line.view()));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(to_hex(again->seed()), to_hex(key.seed()));
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_EQ(key.clone().public_key(), key.public_key());
}

TEST(PrivateKey, IsAnotherOneEachTime) {
  SystemRandom random;
  EXPECT_NE(PrivateKey::generate(random).public_key(), PrivateKey::generate(random).public_key());
}

TEST(PublicKey, RoundTripsThroughItsLine) {
  SystemRandom random;
  const PublicKey key = PrivateKey::generate(random).public_key();
  EXPECT_EQ(key.to_base64().size(), 44U);
  EXPECT_EQ(*PublicKey::from_base64(key.to_base64()), key);
  EXPECT_EQ(*PublicKey::from_base64(key.to_base64() + "\n"), key);
}

TEST(PublicKey, RefusesEverythingThatIsNotOneLineOf32Bytes) {
  SystemRandom random;
  const std::string good = PrivateKey::generate(random).public_key().to_base64();
  const auto error = [](const std::string& text) { return PublicKey::from_base64(text).error(); };
  for (const std::string& text :
       {std::string(), std::string("\n"), good + "\n\n", good + "\r\n", " " + good, good + " ",
        good.substr(1), good.substr(0, 43), good + good, good + "A==="}) {
    EXPECT_EQ(error(text), KeyError::wrong_length) << text;
  }
  std::string other = good;
  other[20] = '-';
  EXPECT_EQ(error(other), KeyError::not_base64);
  other = good;
  other[43] = 'A';  // 33 bytes
  EXPECT_EQ(error(other), KeyError::not_base64);
  EXPECT_EQ(error(std::string(43, 'A') + "="), KeyError::all_zero);
}

TEST(PresharedKey, RoundTripsThroughItsLine) {
  SystemRandom random;
  const PresharedKey key = PresharedKey::generate(random);
  const auto again = PresharedKey::from_base64(as_text(key.to_base64_line().view()));
  EXPECT_EQ(to_hex(again->bytes()), to_hex(key.bytes()));
  EXPECT_NE(to_hex(key.bytes()), to_hex(PresharedKey::generate(random).bytes()));
  EXPECT_EQ(PresharedKey::from_base64("AAAA").error(), KeyError::wrong_length);
}

/// Fixture with a temporary directory.
class KeyFile : public testing::Test {
 protected:
  KeyFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-keys-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = pattern;
  }
  ~KeyFile() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& content, mode_t mode = 0600, const std::string& name = "key") {
    const std::string path = directory_ / name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
  static std::string error(const std::string& path) { return load_private_key_file(path).error().text; }

  std::filesystem::path directory_;
  SystemRandom random_;
  PrivateKey key_ = PrivateKey::generate(random_);
  std::string line_ = as_text(key_.to_base64_line().view());
};

TEST_F(KeyFile, LoadsAPrivateKeyThatOnlyItsOwnerCanRead) {
  for (const mode_t mode : {mode_t{0600}, mode_t{0400}, mode_t{0700}}) {
    const auto loaded = load_private_key_file(write(line_, mode));
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
    EXPECT_EQ(loaded->public_key(), key_.public_key());
    std::filesystem::remove(directory_ / "key");
  }
}

TEST_F(KeyFile, LoadsAPresharedKey) {
  const PresharedKey key = PresharedKey::generate(random_);
  const auto loaded = load_preshared_key_file(write(as_text(key.to_base64_line().view())));
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text;
  EXPECT_EQ(to_hex(loaded->bytes()), to_hex(key.bytes()));
  EXPECT_FALSE(load_preshared_key_file(write(line_, 0640, "open")).has_value());
}

TEST_F(KeyFile, RefusesAKeyThatOthersMayAccessAndNamesTheCommandThatMendsIt) {
  for (const mode_t mode :
       {mode_t{0640}, mode_t{0604}, mode_t{0644}, mode_t{0620}, mode_t{0602}, mode_t{0610}}) {
    const std::string path = write(line_, mode);
    char octal[8];
    std::snprintf(octal, sizeof octal, "%04o", mode);
    EXPECT_EQ(error(path),
              path + ": other users may access the key (mode " + octal + "); run: chmod 600 " + path);
  }
}

TEST_F(KeyFile, NamesACommandThatWorksForAnyPath) {
  const std::string path = write(line_, 0644, "it's a key");
  const std::string text = error(path);
  const std::string command = text.substr(text.find("run: ") + 5);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  EXPECT_TRUE(load_private_key_file(path).has_value());
}

TEST_F(KeyFile, MayBeReadableForOneGroup) {
  const std::string path = write(line_, 0640);
  EXPECT_TRUE(load_private_key_file(path, ::getegid()).has_value());
  EXPECT_FALSE(load_private_key_file(path, ::getegid() + 1).has_value());
  EXPECT_FALSE(load_private_key_file(write(line_, 0660), ::getegid()).has_value());
  EXPECT_FALSE(load_private_key_file(write(line_, 0644), ::getegid()).has_value());
}

TEST_F(KeyFile, BelongsToRootOrTheEffectiveUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string path = write(line_);
  ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
  const std::string text = error(path);
  EXPECT_EQ(text, path + ": the file belongs to user 12345; run: chown -h root " + path);
  ASSERT_EQ(std::system(text.substr(text.find("run: ") + 5).c_str()), 0);
  EXPECT_TRUE(load_private_key_file(path).has_value());
}

TEST_F(KeyFile, IsRefusedInADirectoryWhereOthersMayReplaceIt) {
  const std::filesystem::path directory = directory_ / "open" / "below";
  std::filesystem::create_directories(directory);
  const std::string path = write(line_, 0600, "open/below/key");
  const std::string open = (directory_ / "open").string();
  for (const mode_t mode : {mode_t{0777}, mode_t{0775}, mode_t{0757}}) {
    ASSERT_EQ(::chmod(open.c_str(), mode), 0);
    char octal[8];
    std::snprintf(octal, sizeof octal, "%04o", mode);
    EXPECT_EQ(error(path), path + ": other users may replace files in the directory " + open + " (mode " +
                               octal + "); run: chmod go-w " + open);
  }
  ASSERT_EQ(::chmod(open.c_str(), 01777), 0);
  EXPECT_TRUE(load_private_key_file(path).has_value()) << "in a sticky directory only the owner replaces it";
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(open.c_str(), 12345, 0), 0);
  EXPECT_EQ(error(path),
            path + ": the directory " + open + " belongs to user 12345; run: chown -h root " + open);
}

TEST_F(KeyFile, IsRefusedBehindALinkThatOthersMayReplace) {
  const std::string target = write(line_);
  const std::filesystem::path open = directory_ / "open";
  std::filesystem::create_directory(open);
  std::filesystem::create_symlink("..", open / "up");  // a link to a directory, in the middle of the path
  const std::string path = open / "up" / "key";
  EXPECT_TRUE(load_private_key_file(path).has_value());
  ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
  EXPECT_NE(error(path).find("other users may replace files in the directory " + open.string()),
            std::string::npos);
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chmod(open.c_str(), 01777), 0);
  ASSERT_EQ(::lchown((open / "up").c_str(), 12345, 0), 0);
  EXPECT_NE(error(path).find("the link " + (open / "up").string() + " belongs to user 12345"),
            std::string::npos);
}

TEST_F(KeyFile, ReportsWhatIsWrongWithItsContent) {
  EXPECT_EQ(error(write("")), (directory_ / "key").string() + ": the key is not one line of 44 characters");
  EXPECT_NE(error(write(line_ + line_)).find("44 characters"), std::string::npos);
  EXPECT_NE(error(write(std::string(100'000, 'A'))).find("44 characters"), std::string::npos);
  line_[3] = '!';
  EXPECT_NE(error(write(line_)).find("is not base64"), std::string::npos);
  EXPECT_EQ(error(write(line_)).find(line_), std::string::npos) << "the error contains the key";
}

TEST_F(KeyFile, ReportsWhyAPathIsNoFile) {
  EXPECT_EQ(error(directory_ / "none"), (directory_ / "none").string() + ": No such file or directory");
  EXPECT_EQ(error(directory_), directory_.string() + ": not a regular file");
  const std::string fifo = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(error(fifo), fifo + ": not a regular file");
}

}  // namespace
}  // namespace hawser::crypto
