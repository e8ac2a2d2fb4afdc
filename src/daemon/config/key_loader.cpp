#include "daemon/config/key_loader.hpp"

#include <utility>

namespace hawser::daemon::config {
namespace {

/// Loads the keys one after the other. Owns the list of mistakes.
class KeyLoader {
 public:
  KeyLoader(const Config& config, crypto::KeyReaders readers) : config_(config), readers_(readers) {}

  /// This end's key. None: reported as a mistake.
  std::optional<crypto::PrivateKey> private_key() {
    const KeyFile& file = config_.interface.private_key_file;
    auto key = crypto::load_private_key_file(file.path, readers_);
    if (key) return std::move(*key);
    // No "allowed": the text may end in a command that users copy.
    mistake(file.line, "interface.private_key_file", key.error().text, "");
    return std::nullopt;
  }

  /// `own`: this end's key; none: its file could not be read.
  sctp::ProtectedPeer peer(const PeerConfig& peer, const std::optional<crypto::PrivateKey>& own) {
    if (own && *peer.public_key == own->public_key()) {
      mistake(peer.public_key_line, "peer.public_key", "saw this end's own key",
              "the public key of the peer");
    }
    return {*peer.public_key, preshared_key(peer.preshared_key_file)};
  }

  /// The mistakes in the order of the calls.
  [[nodiscard]] ConfigErrors& errors() { return errors_; }

 private:
  std::optional<crypto::PresharedKey> preshared_key(const std::optional<KeyFile>& file) {
    if (!file) return std::nullopt;
    auto key = crypto::load_preshared_key_file(file->path, readers_);
    if (key) return std::move(*key);
    mistake(file->line, "peer.preshared_key_file", key.error().text, "");
    return std::nullopt;
  }

  void mistake(std::uint32_t line, std::string key, std::string problem, std::string allowed) {
    errors_.push_back({config_.file, line, std::move(key), std::move(problem), std::move(allowed)});
  }

  const Config& config_;
  crypto::KeyReaders readers_;
  ConfigErrors errors_;
};

}  // namespace

Result<sctp::SecurityConfig, ConfigErrors> load_keys(const Config& config, crypto::KeyReaders readers) {
  KeyLoader loader(config, readers);
  auto own = loader.private_key();
  std::vector<sctp::ProtectedPeer> peers;
  for (const PeerConfig& peer : config.peers) peers.push_back(loader.peer(peer, own));
  if (!loader.errors().empty()) return std::move(loader.errors());
  sctp::SecurityConfig security{
      .private_key = std::move(*own), .peers = std::move(peers), .cipher_costs = {}};
  const RekeyConfig& rekey = config.interface.rekey;
  security.rekey_after = std::chrono::seconds(rekey.after_seconds);
  security.rekey_after_bytes = rekey.after_megabytes * 1'000'000;
  security.rekey_after_packets = rekey.after_packets;
  return security;
}

}  // namespace hawser::daemon::config
