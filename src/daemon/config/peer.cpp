#include "daemon/config/peer.hpp"

#include "daemon/config/table_reader.hpp"
#include "daemon/config/values.hpp"

namespace hawser::daemon::config {
namespace {

constexpr std::string_view kPresharedKeyFiles =
    "an absolute path to a file made by `hawser genpsk`; never the key itself";

}  // namespace

PeerConfig read_peer(Mistakes& mistakes, const toml::table& table) {
  const TableReader in(mistakes, table, "peer");
  in.refuse_unknown({"name", "public_key", "preshared_key_file", "endpoint", "allowed_ips"});
  PeerConfig out;
  in.require(out.name, "name", kNames, text_node(plain_name));
  in.require(out.public_key, "public_key", kPublicKeys, text_node(public_key));
  out.public_key_line = in.line_of("public_key");
  std::string preshared;
  if (in.read(preshared, "preshared_key_file", kPresharedKeyFiles, text_node(key_path)))
    out.preshared_key_file = KeyFile{preshared, in.line_of("preshared_key_file")};
  in.read_list(out.endpoint, "endpoint", kEndpoints, HostPort::parse);
  in.require_list(out.allowed_ips, "allowed_ips", kPrefixes, IpPrefix::parse);
  return out;
}

}  // namespace hawser::daemon::config
