#include "daemon/config/cross_check.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

/// The checks over one file. Owns nothing.
class CrossCheck {
 public:
  CrossCheck(Mistakes& mistakes, const toml::table& root, const Config& config)
      : mistakes_(mistakes), root_(root), config_(config) {}

  void run() {
    check_uplink_interfaces();
    check_unique("uplink", "label", config_.uplinks, [](const UplinkConfig& u) { return u.label; });
    check_unique("peer", "name", config_.peers, [](const PeerConfig& p) { return p.name; });
    check_endpoints();
    check_public_keys();
    check_allowed_ips();
    check_uplinks();
    check_uplink_patterns();
    check_listen();
  }

 private:
  [[nodiscard]] const toml::table* table(std::string_view section, std::size_t index) const {
    const toml::array* array = root_[section].as_array();
    return array == nullptr || index >= array->size() ? nullptr : array->get(index)->as_table();
  }
  // The key of a table, or else the table, or else the file.
  [[nodiscard]] const toml::node& node(std::string_view section, std::size_t index,
                                       std::string_view key) const {
    const toml::table* at = table(section, index);
    if (at == nullptr) return root_;
    const toml::node* found = at->get(key);
    return found == nullptr ? *at : *found;
  }

  template <class T, class Name>
  void check_unique(std::string_view section, std::string_view key, const std::vector<T>& items, Name name) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string mine = name(items[i]);
      const auto end = items.begin() + static_cast<std::ptrdiff_t>(i);
      if (mine.empty() ||
          std::none_of(items.begin(), end, [&](const T& other) { return name(other) == mine; }))
        continue;
      mistakes_.add(node(section, i, key).source(), key_name(section, key), "saw \"" + mine + "\" again",
                    "a value that no other [[" + std::string(section) + "]] has");
    }
  }

  // Two modems of one kind may share a pattern: each uplink takes another interface. Uplinks that name the
  // same interface differ in the way that their datagrams take.
  void check_uplink_interfaces() {
    const auto same = [](const UplinkConfig& a, const UplinkConfig& b) {
      return a.interface == b.interface && a.address == b.address && a.gateway == b.gateway &&
             a.table == b.table;
    };
    for (std::size_t i = 0; i < config_.uplinks.size(); ++i) {
      const UplinkConfig& mine = config_.uplinks[i];
      const auto end = config_.uplinks.begin() + static_cast<std::ptrdiff_t>(i);
      if (mine.interface.empty() || is_pattern(mine.interface) ||
          std::none_of(config_.uplinks.begin(), end,
                       [&](const UplinkConfig& other) { return same(other, mine); }))
        continue;
      mistakes_.add(node("uplink", i, "interface").source(), "uplink.interface",
                    "saw \"" + mine.interface + "\" again",
                    "a value that no other [[uplink]] has, or another `address`, `gateway` or `table`");
    }
  }

  void check_endpoints() {
    if (config_.peers.empty() && !root_.contains("peer")) {
      mistakes_.add(root_.source(), "peer", "missing", "at least one [[peer]]");
    }
    if (!config_.interface.listen.empty() || root_["interface"]["listen"]) return;
    for (std::size_t i = 0; i < config_.peers.size(); ++i) {
      const toml::table* at = table("peer", i);
      if (!config_.peers[i].endpoint.empty() || at == nullptr || at->contains("endpoint")) continue;
      mistakes_.add(at->source(), "peer.endpoint", "missing",
                    std::string(kEndpoints) + "; it may be missing only with interface.listen");
    }
  }

  void check_public_keys() {
    std::map<crypto::PublicKey, std::string> owners;
    for (std::size_t i = 0; i < config_.peers.size(); ++i) {
      if (!config_.peers[i].public_key) continue;
      const auto [at, fresh] = owners.emplace(*config_.peers[i].public_key, config_.peers[i].name);
      if (fresh) continue;
      mistakes_.add(node("peer", i, "public_key").source(), "peer.public_key",
                    "saw the key that peer \"" + at->second + "\" has", "a key that no other peer has");
    }
  }

  void check_allowed_ips() {
    std::map<IpPrefix, std::string> owners;
    for (std::size_t i = 0; i < config_.peers.size(); ++i) {
      for (const IpPrefix& prefix : config_.peers[i].allowed_ips) {
        const auto [at, fresh] = owners.emplace(prefix.network(), config_.peers[i].name);
        if (fresh) continue;
        mistakes_.add(node("peer", i, "allowed_ips").source(), "peer.allowed_ips",
                      "saw \"" + prefix.to_string() + "\", which peer \"" + at->second + "\" has",
                      "prefixes that no other peer has");
      }
    }
  }

  void check_uplinks() {
    const bool initiates =
        std::ranges::any_of(config_.peers, [](const PeerConfig& p) { return !p.endpoint.empty(); });
    // Without interface.listen, check_endpoints() has reported the missing endpoint.
    if (config_.uplinks.empty() || initiates || config_.interface.listen.empty()) return;
    mistakes_.add(node("uplink", 0, "interface").source(), "uplink",
                  "saw [[uplink]] without a peer that has an endpoint",
                  "[[uplink]] only where a [[peer]] has an endpoint");
  }

  void check_uplink_patterns() {
    if (config_.uplinks.empty() && !root_.contains("uplink")) return;
    for (const std::string_view key : {"include_uplinks", "exclude_uplinks"}) {
      const toml::node* found = root_["interface"][key].node();
      if (found == nullptr) continue;
      mistakes_.add(*found, key_name("interface", key),
                    "only in a file without [[uplink]], where uplinks are discovered");
    }
  }

  void check_listen() {
    const auto& listen = config_.interface.listen;
    for (std::size_t i = 0; i < listen.size(); ++i) {
      const auto end = listen.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(listen.begin(), end, listen[i]) == end) continue;
      mistakes_.add(root_["interface"]["listen"].node()->source(), "interface.listen",
                    "saw \"" + listen[i].to_string() + "\" twice", "each address once");
    }
  }

  Mistakes& mistakes_;
  const toml::table& root_;
  const Config& config_;
};

}  // namespace

void check_between_keys(Mistakes& mistakes, const toml::table& root, const Config& config) {
  CrossCheck(mistakes, root, config).run();
}

}  // namespace hawser::daemon::config
