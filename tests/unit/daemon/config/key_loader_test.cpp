#include "daemon/config/key_loader.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "daemon/config/loader.hpp"
#include "hawser/crypto/random.hpp"

namespace hawser::daemon::config {
namespace {

namespace fs = std::filesystem;

template <class Key>
std::string line_of(const Key& key) {
  const crypto::SecretBytes line = key.to_base64_line();
  return {reinterpret_cast<const char*>(line.view().data()), line.size()};
}

class LoadKeys : public testing::Test {
 protected:
  void SetUp() override {
    directory = fs::temp_directory_path() / ("hawser-keys-" + std::to_string(getpid()));
    fs::create_directories(directory);
    write(own_file(), line_of(own));
  }
  void TearDown() override { fs::remove_all(directory); }

  [[nodiscard]] std::string own_file() const { return directory / "own.key"; }
  [[nodiscard]] std::string preshared_file() const { return directory / "edge.psk"; }
  static void write(const std::string& path, const std::string& content, mode_t mode = 0600) {
    std::ofstream(path) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
  }

  // A hub with these key files. `more` is inserted before line 5.
  [[nodiscard]] Config config(const std::string& more = "") const {
    const std::string text =
        "[interface]\nname = \"hw0\"\naddress = [\"10.0.0.1/24\"]\nprivate_key_file = \"" + own_file() +
        "\"\n" + more + "listen = [\"0.0.0.0:9899\"]\n[[peer]]\nname = \"edge\"\n" + "public_key = \"" +
        peer_key.to_base64() + "\"\npreshared_key_file = \"" + preshared_file() + "\"\nallowed_ips = []\n";
    const auto parsed = parse_config(text, "f.toml");
    if (!parsed) throw std::runtime_error(parsed.error().at(0).to_string());
    return *parsed;
  }
  [[nodiscard]] std::string errors() const {
    const auto loaded = load_keys(config());
    if (loaded) return "no error";
    std::string all;
    for (const ConfigError& error : loaded.error()) all += error.to_string() + "\n";
    return all;
  }

  fs::path directory;
  crypto::SystemRandom random;
  crypto::PrivateKey own = crypto::PrivateKey::generate(random);
  crypto::PublicKey peer_key = crypto::PrivateKey::generate(random).public_key();
  crypto::PresharedKey preshared = crypto::PresharedKey::generate(random);
};

TEST_F(LoadKeys, ReadsEveryKeyFile) {
  write(preshared_file(), line_of(preshared));
  const auto loaded = load_keys(config());
  ASSERT_TRUE(loaded) << errors();
  EXPECT_EQ(loaded->private_key.public_key(), own.public_key());
  ASSERT_EQ(loaded->peers.size(), 1U);
  EXPECT_EQ(loaded->peers[0].key, peer_key);
  ASSERT_TRUE(loaded->peers[0].preshared_key);
  EXPECT_TRUE(std::ranges::equal(loaded->peers[0].preshared_key->bytes(), preshared.bytes()));
}

TEST_F(LoadKeys, RenewsKeysAtTheEnginesLimitsUnlessLowerOnesAreSet) {
  write(preshared_file(), line_of(preshared));
  const auto by_default = load_keys(config());
  const auto lowered =
      load_keys(config("rekey_after_seconds = 7\nrekey_after_megabytes = 8\nrekey_after_packets = 9000\n"));
  ASSERT_TRUE(by_default && lowered);
  const sctp::SecurityConfig engine{.private_key = own.clone(), .peers = {}, .cipher_costs = {}};
  EXPECT_EQ(by_default->rekey_after, engine.rekey_after);
  EXPECT_EQ(by_default->rekey_after_bytes, engine.rekey_after_bytes);
  EXPECT_EQ(by_default->rekey_after_packets, engine.rekey_after_packets);
  EXPECT_EQ(lowered->rekey_after, std::chrono::seconds(7));
  EXPECT_EQ(lowered->rekey_after_bytes, 8'000'000U);
  EXPECT_EQ(lowered->rekey_after_packets, 9000U);
}

TEST_F(LoadKeys, NamesTheCommandThatClosesAnOpenKeyFileAndNothingAfterIt) {
  write(own_file(), line_of(own), 0644);
  write(preshared_file(), line_of(preshared), 0640);
  EXPECT_EQ(errors(), "f.toml:4: interface.private_key_file: " + own_file() +
                          ": other users may access the key (mode 0644); run: chmod 600 " + own_file() +
                          "\nf.toml:9: peer.preshared_key_file: " + preshared_file() +
                          ": other users may access the key (mode 0640); run: chmod 600 " + preshared_file() +
                          "\n");
}

TEST_F(LoadKeys, NamesAFileThatIsMissing) {
  EXPECT_EQ(errors(),
            "f.toml:9: peer.preshared_key_file: " + preshared_file() + ": No such file or directory\n");
}

TEST_F(LoadKeys, ShowsNothingOfAFileThatHoldsNoKey) {
  const std::string almost = line_of(own).substr(0, 43);
  write(own_file(), almost + "\n");
  write(preshared_file(), line_of(preshared) + line_of(preshared));
  const std::string text = errors();
  EXPECT_NE(text.find("f.toml:4: interface.private_key_file: " + own_file() + ": the key is not one line of"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("f.toml:9: peer.preshared_key_file: " + preshared_file() + ": the key is not one line of"),
      std::string::npos)
      << text;
  EXPECT_EQ(text.find(almost.substr(0, 8)), std::string::npos);
  EXPECT_EQ(text.find(line_of(preshared).substr(0, 8)), std::string::npos);
}

TEST_F(LoadKeys, RefusesOurOwnKeyAsThatOfAPeer) {
  write(preshared_file(), line_of(preshared));
  peer_key = own.public_key();
  EXPECT_EQ(errors(),
            "f.toml:8: peer.public_key: saw this end's own key; allowed: the public key of the peer\n");
}

}  // namespace
}  // namespace hawser::daemon::config
