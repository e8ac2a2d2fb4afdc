#include "daemon/names/name_servers.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace hawser::daemon::names {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kMaxFileSize = 64U << 10;

void add_server(std::string_view text, std::vector<NameServer>& out) {
  const std::size_t zone = text.find('%');
  const auto ip = IpAddress::parse(text.substr(0, zone));
  if (!ip || out.size() == kMaxNameServers) return;
  // The wildcard is this machine.
  const IpAddress loopback = IpAddress::v4(0x7f000001);
  NameServer server{{ip->is_wildcard() ? loopback : *ip, kDnsPort}, ""};
  if (zone != std::string_view::npos) server.device = text.substr(zone + 1);
  if (std::ranges::find(out, server) == out.end()) out.push_back(server);
}

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(kMaxFileSize, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

bool only_loopback(const std::vector<NameServer>& servers) {
  return std::ranges::all_of(servers, [](const NameServer& each) { return each.address.ip.is_loopback(); });
}

}  // namespace

NameServerList parse_resolv_conf(std::string_view text) {
  NameServerList out;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    words >> key;
    if (key == "nameserver" && words >> value) add_server(value, out.servers);
    if (key != "search" && key != "domain") continue;
    out.search.assign(std::istream_iterator<std::string>(words), {});  // the last such line counts
    out.search.resize(std::min(out.search.size(), kMaxSearchDomains));
  }
  return out;
}

NameServerList load_name_servers(const std::vector<std::string>& files) {
  NameServerList out;
  for (const std::string& file : files) {
    NameServerList found = parse_resolv_conf(read_text(file));
    if (out.search.empty()) out.search = std::move(found.search);
    std::erase_if(found.servers, [&](const NameServer& each) {
      return std::ranges::find(out.servers, each) != out.servers.end();
    });
    out.servers.insert(out.servers.end(), found.servers.begin(), found.servers.end());
    if (!only_loopback(out.servers)) break;
  }
  return out;
}

}  // namespace hawser::daemon::names
