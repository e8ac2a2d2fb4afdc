#include "daemon/config/changes.hpp"

#include <algorithm>
#include <utility>

namespace hawser::daemon::config {
namespace {

// Whether the connection to the peer can stay as it is.
bool same_connection(const PeerConfig& a, const PeerConfig& b) {
  return a.endpoint == b.endpoint && (a.endpoint.empty() || a.name == b.name);
}

bool same(const PeerConfig& a, const PeerConfig& b) {
  return a.name == b.name && a.endpoint == b.endpoint && a.allowed_ips == b.allowed_ips &&
         a.preshared_key_file == b.preshared_key_file;
}

/// The comparison of two lists of peers. Owns the result.
class PeerComparison {
 public:
  explicit PeerComparison(const std::vector<PeerConfig>& running) : running_(running) {
    changes_.peers.resize(running.size());
  }

  Changes run(const std::vector<PeerConfig>& fresh) {
    std::vector<const PeerConfig*> added;
    for (const PeerConfig& peer : fresh) {
      if (!keep(peer)) added.push_back(&peer);
    }
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (!running_[i].vacant() && changes_.peers[i].vacant()) remove(i);
    }
    for (const PeerConfig* peer : added) add(*peer);
    return std::move(changes_);
  }

 private:
  // False: the peer is new.
  bool keep(const PeerConfig& peer) {
    const auto at = std::ranges::find(running_, peer.public_key, &PeerConfig::public_key);
    if (at == running_.end()) return false;
    const auto position = static_cast<std::size_t>(at - running_.begin());
    changes_.peers[position] = peer;
    if (!same(*at, peer)) changes_.report.push_back("peer " + peer.name + " changed");
    if (same_connection(*at, peer)) return true;
    changes_.ended.push_back(position);
    changes_.begun.push_back(position);
    return true;
  }
  void remove(std::size_t position) {
    changes_.ended.push_back(position);
    changes_.report.push_back("peer " + running_[position].name + " removed");
  }
  void add(const PeerConfig& peer) {
    auto at = std::ranges::find_if(changes_.peers, &PeerConfig::vacant);
    if (at == changes_.peers.end()) at = changes_.peers.insert(at, PeerConfig{});
    *at = peer;
    changes_.begun.push_back(static_cast<std::size_t>(at - changes_.peers.begin()));
    changes_.report.push_back("peer " + peer.name + " added");
  }

  const std::vector<PeerConfig>& running_;
  Changes changes_;
};

bool connects(const Config& config) {
  return std::ranges::any_of(config.peers, [](const PeerConfig& peer) { return !peer.endpoint.empty(); });
}

}  // namespace

Changes compare(const Config& running, const Config& fresh) {
  Changes changes = PeerComparison(running.peers).run(fresh.peers);
  if (!(running.interface == fresh.interface)) changes.needs_restart.emplace_back("[interface]");
  if (running.uplinks != fresh.uplinks) changes.needs_restart.emplace_back("[[uplink]]");
  if (running.hooks != fresh.hooks) changes.needs_restart.emplace_back("[hooks]");
  // What watches the uplinks exists from the start, or not at all.
  if (connects(fresh) && !connects(running))
    changes.needs_restart.emplace_back("the first [[peer]] with an endpoint");
  return changes;
}

}  // namespace hawser::daemon::config
