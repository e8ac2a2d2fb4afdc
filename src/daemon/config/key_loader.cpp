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

  /// The keys of all peers. `own`: this end's key; none: its file could not be read.
  std::vector<sctp::ProtectedPeer> peers(const std::optional<crypto::PublicKey>& own) {
    std::vector<sctp::ProtectedPeer> out;
    for (const PeerConfig& each : config_.peers) out.push_back(peer(each, own));
    return out;
  }

  /// The mistakes in the order of the calls.
  [[nodiscard]] ConfigErrors& errors() { return errors_; }

 private:
  sctp::ProtectedPeer peer(const PeerConfig& peer, const std::optional<crypto::PublicKey>& own) {
    if (peer.public_key == own) {
      mistake(peer.public_key_line, "peer.public_key", "saw this end's own key",
              "the public key of the peer");
    }
    return {*peer.public_key, preshared_key(peer.preshared_key_file)};
  }

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
  auto peers = loader.peers(own ? std::optional(own->public_key()) : std::nullopt);
  if (!loader.errors().empty()) return std::move(loader.errors());
  sctp::SecurityConfig security{
      .private_key = std::move(*own), .peers = std::move(peers), .cipher_costs = {}};
  const RekeyConfig& rekey = config.interface.rekey;
  security.rekey_after = std::chrono::seconds(rekey.after_seconds);
  security.rekey_after_bytes = rekey.after_megabytes * 1'000'000;
  security.rekey_after_packets = rekey.after_packets;
  return security;
}

Result<std::vector<sctp::ProtectedPeer>, ConfigErrors> load_peer_keys(const Config& config,
                                                                      const crypto::PublicKey& own,
                                                                      crypto::KeyReaders readers) {
  KeyLoader loader(config, readers);
  auto peers = loader.peers(own);
  if (!loader.errors().empty()) return std::move(loader.errors());
  return peers;
}

}  // namespace hawser::daemon::config
