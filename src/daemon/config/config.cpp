#include "daemon/config/config.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <map>
#include <system_error>

#include "control/message.hpp"
#include "daemon/config/reader.hpp"
#include "daemon/config/uplink.hpp"
#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

constexpr std::string_view kKeyFiles =
    "an absolute path, of a file as `hawser genkey` makes it; never the key itself";
constexpr std::string_view kPresharedKeyFiles =
    "an absolute path, of a file as `hawser genpsk` makes it; never the key itself";
constexpr std::string_view kPublicKeys = "44 characters of base64, as `hawser pubkey` prints them";
constexpr std::string_view kPrefixes =
    "an address with a prefix length, as \"10.90.0.2/24\" or \"fd90::2/64\"";
constexpr std::string_view kAddresses = "an address and UDP port, as \"0.0.0.0:9899\" or \"[::]:9899\"";
constexpr std::string_view kEndpoints =
    "a host and UDP port, as \"hub.example.net:9899\", \"192.0.2.1:9899\" or \"[2001:db8::1]:9899\"";

constexpr std::int64_t kMinMtu = 576;
constexpr std::int64_t kMinMtuV6 = 1280;  // RFC 8200 §5
constexpr std::int64_t kMaxMtu = 9000;
constexpr std::int64_t kMinQueue = 16 << 10;
constexpr std::int64_t kMaxQueue = 1 << 30;
constexpr std::int64_t kMaxRekeySeconds = 900;
constexpr std::int64_t kMaxRekeyMegabytes = 100'000;
constexpr std::int64_t kMinRekeyPackets = 1000;
constexpr std::int64_t kMaxRekeyPackets = 1 << 27;
constexpr std::int64_t kMaxHookSeconds = 60;

/// A key in the place of its file's path can begin with a slash, but always ends with the padding of base64.
std::optional<std::string> key_path(std::string_view text) {
  if (!text.starts_with('/') || text.ends_with('=') || text.find('\n') != std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<crypto::PublicKey> public_key(std::string_view text) {
  if (text.ends_with('\n')) return std::nullopt;
  const auto key = crypto::PublicKey::from_base64(text);
  return key ? std::optional(*key) : std::nullopt;
}

std::optional<UdpAddress> listen_address(std::string_view text) {
  const auto address = UdpAddress::parse(text);
  return address && address->port != 0 ? address : std::nullopt;
}

std::string range_text(std::int64_t low, std::int64_t high, std::string_view unit) {
  return std::to_string(low) + " to " + std::to_string(high) + " " + std::string(unit);
}

std::optional<bool> flag_node(const toml::node& node) {
  return node.value_exact<bool>();
}

std::uint32_t line_of(const toml::table& table, std::string_view key) {
  const toml::node* node = table.get(key);
  return (node == nullptr ? table : *node).source().begin.line;
}

RekeyConfig read_rekey(ConfigReader& reader, const toml::table& table, std::string_view section) {
  RekeyConfig out;
  const auto limit = [&](std::string_view key, std::int64_t low, std::int64_t high, std::string_view unit,
                         std::size_t& value) {
    value =
        reader.value<std::size_t>(table, section, key, range_text(low, high, unit), number_node(low, high))
            .value_or(value);
  };
  limit("rekey_after_seconds", 1, kMaxRekeySeconds, "seconds", out.after_seconds);
  limit("rekey_after_megabytes", 1, kMaxRekeyMegabytes, "megabytes (10^6 bytes)", out.after_megabytes);
  limit("rekey_after_packets", kMinRekeyPackets, kMaxRekeyPackets, "packets", out.after_packets);
  return out;
}

InterfaceConfig read_interface(ConfigReader& reader, toml::table& table) {
  constexpr std::string_view kSection = "interface";
  InterfaceConfig out;
  reader.refuse_unknown(
      table, kSection,
      {"name", "private_key_file", "address", "mtu", "mss_clamp", "listen", "control_socket",
       "state_directory", "queue_bytes", "routes", "include_uplinks", "exclude_uplinks",
       "rekey_after_seconds", "rekey_after_megabytes", "rekey_after_packets"});
  out.name = reader.required<std::string>(table, kSection, "name", kInterfaceNames, text_node(interface_name))
                 .value_or("");
  out.private_key_file = {
      reader.required<std::string>(table, kSection, "private_key_file", kKeyFiles, text_node(key_path))
          .value_or(""),
      line_of(table, "private_key_file")};
  if (!table.contains("address")) reader.mistake(table.source(), "interface.address", "missing", kPrefixes);
  out.addresses = reader.list<IpPrefix>(table, kSection, "address", kPrefixes, IpPrefix::parse);
  const bool v6 =
      std::any_of(out.addresses.begin(), out.addresses.end(), [](const auto& a) { return a.ip.is_v6(); });
  const std::int64_t min_mtu = v6 ? kMinMtuV6 : kMinMtu;
  out.mtu = reader.value<std::size_t>(
      table, kSection, "mtu",
      range_text(min_mtu, kMaxMtu, v6 ? "bytes, as there is an IPv6 address" : "bytes"),
      number_node(min_mtu, kMaxMtu));
  out.mss_clamp =
      reader.value<bool>(table, kSection, "mss_clamp", "true or false", flag_node).value_or(out.mss_clamp);
  out.listen = reader.list<UdpAddress>(table, kSection, "listen", kAddresses, listen_address);
  out.control_socket =
      reader
          .value<std::string>(table, kSection, "control_socket", "an absolute path of at most 107 bytes",
                              text_node([](std::string_view text) {
                                const bool good = text.starts_with('/') && text.size() <= 107;
                                return good ? std::optional<std::string>(text) : std::nullopt;
                              }))
          .value_or(control::default_socket(out.name));
  out.state_directory =
      reader
          .value<std::string>(
              table, kSection, "state_directory", "an absolute path", text_node([](std::string_view text) {
                return text.starts_with('/') ? std::optional<std::string>(text) : std::nullopt;
              }))
          .value_or(out.state_directory);
  out.queue_bytes =
      reader
          .value<std::size_t>(table, kSection, "queue_bytes", range_text(kMinQueue, kMaxQueue, "bytes"),
                              number_node(kMinQueue, kMaxQueue))
          .value_or(out.queue_bytes);
  out.routes = reader.value<bool>(table, kSection, "routes", "true or false", flag_node).value_or(out.routes);
  out.include_uplinks =
      reader.list<std::string>(table, kSection, "include_uplinks", kUplinkNames, uplink_name);
  out.exclude_uplinks =
      reader.list<std::string>(table, kSection, "exclude_uplinks", kUplinkNames, uplink_name);
  out.rekey = read_rekey(reader, table, kSection);
  return out;
}

PeerConfig read_peer(ConfigReader& reader, toml::table& table) {
  constexpr std::string_view kSection = "peer";
  PeerConfig out;
  reader.refuse_unknown(table, kSection,
                        {"name", "public_key", "preshared_key_file", "endpoint", "allowed_ips"});
  out.name =
      reader.required<std::string>(table, kSection, "name", kNames, text_node(plain_name)).value_or("");
  out.public_key =
      reader.required<crypto::PublicKey>(table, kSection, "public_key", kPublicKeys, text_node(public_key));
  out.public_key_line = line_of(table, "public_key");
  const auto preshared = reader.value<std::string>(table, kSection, "preshared_key_file", kPresharedKeyFiles,
                                                   text_node(key_path));
  if (preshared) out.preshared_key_file = KeyFile{*preshared, line_of(table, "preshared_key_file")};
  out.endpoint = reader.list<HostPort>(table, kSection, "endpoint", kEndpoints, HostPort::parse);
  if (!table.contains("allowed_ips"))
    reader.mistake(table.source(), "peer.allowed_ips", "missing", kPrefixes);
  out.allowed_ips = reader.list<IpPrefix>(table, kSection, "allowed_ips", kPrefixes, IpPrefix::parse);
  return out;
}

std::optional<HooksConfig> read_hooks(ConfigReader& reader, toml::table& root) {
  constexpr std::string_view kSection = "hooks";
  toml::node* node = root.get(kSection);
  if (node == nullptr) return std::nullopt;
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    reader.mistake(*node, std::string(kSection), "a table headed [hooks]");
    return std::nullopt;
  }
  HooksConfig out;
  reader.refuse_unknown(*table, kSection, {"command", "timeout"});
  const auto path = [](std::string_view text) {
    const bool good =
        text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' '; });
    return good ? std::optional<std::string>(text) : std::nullopt;
  };
  out.command =
      reader
          .required<std::string>(*table, kSection, "command",
                                 "an absolute path, of a program that takes no arguments", text_node(path))
          .value_or("");
  out.command_line = line_of(*table, "command");
  out.timeout_seconds =
      reader
          .value<std::size_t>(*table, kSection, "timeout", range_text(1, kMaxHookSeconds, "seconds"),
                              number_node(1, kMaxHookSeconds))
          .value_or(out.timeout_seconds);
  return out;
}

/// The tables of an array of tables, e.g. every [[peer]].
template <class T, class Read>
std::vector<T> read_tables(ConfigReader& reader, toml::table& root, std::string_view section, Read read) {
  std::vector<T> out;
  toml::node* node = root.get(section);
  if (node == nullptr) return out;
  toml::array* array = node->as_array();
  const std::string allowed = "tables headed [[" + std::string(section) + "]]";
  if (array == nullptr) {
    reader.mistake(*node, std::string(section), allowed);
    return out;
  }
  for (toml::node& element : *array) {
    if (toml::table* table = element.as_table()) {
      out.push_back(read(reader, *table));
    } else {
      reader.mistake(element, std::string(section), allowed);
    }
  }
  return out;
}

/// Checks between keys; each names the later of the two that contradict each other.
class CrossCheck {
 public:
  CrossCheck(ConfigReader& reader, const toml::table& root, const Config& config)
      : reader_(reader), root_(root), config_(config) {}

  void run() {
    // Two modems of a kind may share a pattern: each uplink takes another interface.
    unique("uplink", "interface", config_.uplinks,
           [](const UplinkConfig& u) { return is_pattern(u.interface) ? "" : u.interface; });
    unique("uplink", "label", config_.uplinks, [](const UplinkConfig& u) { return u.label; });
    unique("peer", "name", config_.peers, [](const PeerConfig& p) { return p.name; });
    check_peers();
    check_public_keys();
    check_allowed_ips();
    check_uplinks();
    check_uplink_patterns();
    check_listen();
  }

 private:
  const toml::table* table(std::string_view section, std::size_t index) const {
    const toml::array* array = root_[section].as_array();
    return array == nullptr || index >= array->size() ? nullptr : array->get(index)->as_table();
  }
  const toml::node& node(std::string_view section, std::size_t index, std::string_view key) const {
    const toml::table* at = table(section, index);
    if (at == nullptr) return root_;
    const toml::node* found = at->get(key);
    return found == nullptr ? *at : *found;
  }

  template <class T, class Name>
  void unique(std::string_view section, std::string_view key, const std::vector<T>& items, Name name) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string mine = name(items[i]);
      const auto end = items.begin() + static_cast<std::ptrdiff_t>(i);
      if (mine.empty() ||
          std::none_of(items.begin(), end, [&](const T& other) { return name(other) == mine; }))
        continue;
      reader_.mistake(node(section, i, key).source(), ConfigReader::name_of(section, key),
                      "saw \"" + mine + "\" again",
                      "a value that no other [[" + std::string(section) + "]] has");
    }
  }

  void check_peers() {
    if (config_.peers.empty() && !root_.contains("peer")) {
      reader_.mistake(root_.source(), "peer", "missing", "at least one [[peer]]");
    }
    if (!config_.interface.listen.empty() || root_["interface"]["listen"]) return;
    for (std::size_t i = 0; i < config_.peers.size(); ++i) {
      const toml::table* at = table("peer", i);
      if (!config_.peers[i].endpoint.empty() || at == nullptr || at->contains("endpoint")) continue;
      reader_.mistake(at->source(), "peer.endpoint", "missing",
                      std::string(kEndpoints) + "; only with interface.listen may a peer be without");
    }
  }

  void check_public_keys() {
    std::map<crypto::PublicKey, std::string> owners;
    for (std::size_t i = 0; i < config_.peers.size(); ++i) {
      if (!config_.peers[i].public_key) continue;
      const auto [at, fresh] = owners.emplace(*config_.peers[i].public_key, config_.peers[i].name);
      if (fresh) continue;
      reader_.mistake(node("peer", i, "public_key").source(), "peer.public_key",
                      "saw the key that peer \"" + at->second + "\" has", "a key that no other peer has");
    }
  }

  void check_allowed_ips() {
    std::map<IpPrefix, std::string> owners;
    for (std::size_t i = 0; i < config_.peers.size(); ++i) {
      for (const IpPrefix& prefix : config_.peers[i].allowed_ips) {
        const auto [at, fresh] = owners.emplace(network_of(prefix), config_.peers[i].name);
        if (fresh) continue;
        reader_.mistake(node("peer", i, "allowed_ips").source(), "peer.allowed_ips",
                        "saw \"" + prefix.to_string() + "\", which peer \"" + at->second + "\" has",
                        "prefixes that no other peer has");
      }
    }
  }

  static IpPrefix network_of(const IpPrefix& prefix) {
    std::array<std::byte, 16> raw{};
    const Bytes from = prefix.ip.bytes();
    for (std::size_t i = 0; i < from.size(); ++i) {
      const unsigned bits =
          prefix.length > i * 8 ? std::min<unsigned>(8, prefix.length - static_cast<unsigned>(i * 8)) : 0;
      raw[i] = from[i] & static_cast<std::byte>(0xff00U >> bits);
    }
    return {from.size() == 4 ? IpAddress::v4(Bytes(raw).first(4)) : IpAddress::v6(raw), prefix.length};
  }

  void check_uplinks() {
    const bool calls = std::any_of(config_.peers.begin(), config_.peers.end(),
                                   [](const PeerConfig& p) { return !p.endpoint.empty(); });
    // Where nobody calls us either, the endpoint is what is missing, and check_peers said so.
    if (config_.uplinks.empty() || calls || config_.interface.listen.empty()) return;
    reader_.mistake(node("uplink", 0, "interface").source(), "uplink",
                    "saw [[uplink]] without a peer to call",
                    "[[uplink]] only where a [[peer]] has an endpoint");
  }

  void check_uplink_patterns() {
    if (config_.uplinks.empty() && !root_.contains("uplink")) return;
    for (const std::string_view key : {"include_uplinks", "exclude_uplinks"}) {
      const toml::node* found = root_["interface"][key].node();
      if (found == nullptr) continue;
      reader_.mistake(*found, ConfigReader::name_of("interface", key),
                      "only in a file without [[uplink]], where uplinks are found by themselves");
    }
  }

  void check_listen() {
    const auto& listen = config_.interface.listen;
    for (std::size_t i = 0; i < listen.size(); ++i) {
      if (std::find(listen.begin(), listen.begin() + static_cast<std::ptrdiff_t>(i), listen[i]) ==
          listen.begin() + static_cast<std::ptrdiff_t>(i)) {
        continue;
      }
      reader_.mistake(root_["interface"]["listen"].node()->source(), "interface.listen",
                      "saw \"" + listen[i].to_string() + "\" twice", "each address once");
    }
  }

  ConfigReader& reader_;
  const toml::table& root_;
  const Config& config_;
};

Config read_root(ConfigReader& reader, toml::table& root) {
  Config config;
  reader.refuse_unknown(root, "", {"interface", "uplink", "peer", "hooks"});
  if (toml::node* node = root.get("interface"); node == nullptr) {
    reader.mistake(root.source(), "interface", "missing", "a table headed [interface]");
  } else if (toml::table* table = node->as_table()) {
    config.interface = read_interface(reader, *table);
  } else {
    reader.mistake(*node, "interface", "a table headed [interface]");
  }
  config.uplinks = read_tables<UplinkConfig>(reader, root, "uplink", read_uplink);
  config.peers = read_tables<PeerConfig>(reader, root, "peer", read_peer);
  config.hooks = read_hooks(reader, root);
  CrossCheck(reader, root, config).run();
  return config;
}

}  // namespace

std::optional<HostPort> HostPort::parse(std::string_view text) {
  if (const auto literal = UdpAddress::parse(text)) {
    if (literal->port == 0 || !literal->ip.is_unicast()) return std::nullopt;
    return HostPort{literal->ip.to_string(), literal->port, literal};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 253) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  const bool all_numeric =
      std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  if (all_numeric || !std::all_of(host.begin(), host.end(), in_name)) return std::nullopt;
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc{} || rest != end || port == 0) return std::nullopt;
  return HostPort{std::string(host), port, std::nullopt};
}

std::string HostPort::to_string() const {
  return literal ? literal->to_string() : host + ":" + std::to_string(port);
}

std::string ConfigError::to_string() const {
  std::string text = file;
  if (line != 0) text += ":" + std::to_string(line);
  if (!key.empty()) text += ": " + key;
  text += ": " + problem;
  if (!allowed.empty()) text += "; allowed: " + allowed;
  return text;
}

Result<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file) {
  ConfigReader reader(file);
  try {
    toml::table root = toml::parse(text, file);
    Config config = read_root(reader, root);
    config.file = file;
    if (reader.errors().empty()) return config;
  } catch (const toml::parse_error& error) {
    reader.mistake(error.source(), "", std::string(error.description()), "TOML");
  }
  std::stable_sort(reader.errors().begin(), reader.errors().end(),
                   [](const ConfigError& a, const ConfigError& b) { return a.line < b.line; });
  return std::move(reader.errors());
}

Result<Config, ConfigErrors> load_config(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text;
  std::array<char, 4096> part{};
  while (in.read(part.data(), part.size()) || in.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof()) {
    const std::string reason = std::generic_category().message(errno);
    return ConfigErrors{{file, 0, "", "cannot be read: " + reason, "a readable TOML file"}};
  }
  return parse_config(text, file);
}

}  // namespace hawser::daemon::config
