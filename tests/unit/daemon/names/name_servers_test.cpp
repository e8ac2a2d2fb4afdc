#include "daemon/names/name_servers.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hawser::daemon::names {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

Texts texts(const NameServerList& list) {
  Texts out;
  for (const NameServer& each : list.servers)
    out.push_back(each.address.to_string() + (each.device.empty() ? "" : "%" + each.device));
  return out;
}

TEST(NameServers, AreReadFromResolvConf) {
  const auto list = parse_resolv_conf(
      "# a comment\n; another\ndomain old.example\nnameserver 192.0.2.53\n  nameserver\t2001:db8::53 # two\n"
      "nameserver fe80::1%wan0\nnameserver 192.0.2.53\nnameserver nonsense\nnameserver\noptions ndots:3\n"
      "search example.net example.org a b\nnameserver 0.0.0.0\nnameserver 192.0.2.99");
  EXPECT_EQ(texts(list), (Texts{"192.0.2.53:53", "[2001:db8::53]:53", "[fe80::1]:53%wan0", "127.0.0.1:53"}));
  EXPECT_EQ(list.search, (Texts{"example.net", "example.org", "a"}));
  EXPECT_EQ(parse_resolv_conf(""), NameServerList{});
  EXPECT_EQ(parse_resolv_conf(std::string("nameserver\0 192.0.2.1\n", 22)), NameServerList{});
}

TEST(NameServers, BehindAStubAreReadFromTheFirstFileThatNamesSome) {
  std::string pattern = (fs::temp_directory_path() / "hawser-name-servers-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  const Texts files{folder + "/0", folder + "/missing", folder + "/1", folder + "/2"};
  std::ofstream(files[0]) << "nameserver 127.0.0.53\nsearch lan\n";
  std::ofstream(files[2]) << "nameserver 192.0.2.53\nsearch other\n";
  std::ofstream(files[3]) << "nameserver 192.0.2.99\n";
  EXPECT_EQ(texts(load_name_servers(files)), (Texts{"127.0.0.53:53", "192.0.2.53:53"}));
  EXPECT_EQ(load_name_servers(files).search, Texts{"lan"});
  std::ofstream(files[0]) << "nameserver 192.0.2.1\nnameserver 127.0.0.1\n";
  EXPECT_EQ(texts(load_name_servers(files)), (Texts{"192.0.2.1:53", "127.0.0.1:53"}));
  fs::remove(files[0]);
  EXPECT_EQ(texts(load_name_servers(files)), Texts{"192.0.2.53:53"});
  fs::remove_all(folder);
}

}  // namespace
}  // namespace hawser::daemon::names
