#include "io/tun/tun_device.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "io/netlink/link.hpp"
#include "io/netlink/route_table.hpp"
#include "io/setup_error.hpp"
#include "io/udp/udp_socket.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

constexpr std::size_t kUdpHeader = 8;

IpPrefix prefix(const std::string& text) {
  return IpPrefix::parse(text).value();
}

// The sum of 16-bit words for the Internet checksum (RFC 1071).
std::uint32_t word_sum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  return sum;
}

std::uint16_t checksum(std::uint32_t sum) {
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::size_t ip_header_size(const IpAddress& ip) {
  return ip.is_v4() ? 20 : 40;
}

// A UDP packet with its IP header, as from a remote host.
std::vector<std::byte> udp_packet(const UdpAddress& from, const UdpAddress& to, Bytes payload) {
  const std::size_t header = ip_header_size(to.ip);
  const auto udp_size = static_cast<std::uint16_t>(kUdpHeader + payload.size());
  std::vector<std::byte> packet(header + udp_size);
  ByteWriter w(packet);
  if (to.ip.is_v4()) {
    w.u16(0x4500);
    w.u16(static_cast<std::uint16_t>(packet.size()));
    w.u32(0);  // identification, fragment
    w.u16(64 << 8 | 17);
    w.u16(0);  // checksum, below
  } else {
    w.u32(0x60000000);
    w.u16(udp_size);
    w.u16(17 << 8 | 64);
  }
  w.bytes(from.ip.bytes());
  w.bytes(to.ip.bytes());
  w.u16(from.port);
  w.u16(to.port);
  w.u16(udp_size);
  w.u16(0);
  w.bytes(payload);
  if (to.ip.is_v4()) store_be(packet.data() + 10, checksum(word_sum(Bytes(packet).first(header))));
  const std::uint32_t pseudo = word_sum(from.ip.bytes()) + word_sum(to.ip.bytes()) + 17 + udp_size;
  const std::uint16_t sum = checksum(pseudo + word_sum(Bytes(packet).subspan(header)));
  store_be(packet.data() + header + 6, sum == 0 ? std::uint16_t{0xFFFF} : sum);
  return packet;
}

tun::TunOptions tun_options() {
  return {"hwtest0", 1400, {prefix("10.90.0.2/24"), prefix("fd90::2/64")}, std::nullopt};
}

void add_route(const tun::TunDevice& tun, const std::string& destination) {
  ASSERT_FALSE(
      netlink::RouteTable().add({.destination = prefix(destination).network(), .link = tun.index()}));
}

std::string failure_of(const tun::TunOptions& options) {
  try {
    const tun::TunDevice device(options);
  } catch (const SetupError& e) {
    return e.what();
  }
  return "no error";
}

// The next UDP packet that the host sends into the tunnel. (An IPv6 host also sends multicast reports there
// at any time.)
Buffer read_udp(tun::TunDevice& tun, BufferPool& pool) {
  std::array<Buffer, 1> out;
  while (readable(tun.native_handle())) {
    if (tun.read(pool, out) == 0) continue;
    const Bytes packet = std::as_const(out[0]).bytes();
    const bool v4 = (packet[0] >> 4) == std::byte{4};
    if (packet[v4 ? 9 : 6] == std::byte{17}) return std::move(out[0]);
  }
  return {};
}

// Writes a packet to the device, answers it from a kernel socket, and reads the answer from the device.
void exchange(tun::TunDevice& tun, const std::string& own, const std::string& remote) {
  BufferPool pool;
  udp::UdpSocketOptions bind;
  bind.bind = {ip(own), 7000};
  udp::UdpSocket host(bind);
  const auto question = udp_packet({ip(remote), 8000}, bind.bind, pattern(500, 3));
  const std::vector<Bytes> packets{question};
  ASSERT_EQ(tun.write(packets), 1U);
  const auto received = receive_all(host, 1);
  ASSERT_EQ(received.size(), 1U) << own;
  EXPECT_EQ(received[0].payload, pattern(500, 3));
  EXPECT_EQ(received[0].route.remote, (UdpAddress{ip(remote), 8000}));

  host.send(make_batch(received[0].route.remote, {300}, received[0].route.local));
  const Buffer packet = read_udp(tun, pool);
  const Bytes answer = packet.bytes();
  const std::size_t headers = ip_header_size(ip(own)) + kUdpHeader;
  ASSERT_EQ(answer.size(), headers + 300);
  EXPECT_TRUE(std::ranges::equal(answer.subspan(headers), pattern(300, 0)));
}

TEST(TunDevice, CarriesAPacketToASocketOfTheHostAndTheAnswerBack) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    tun::TunDevice tun(tun_options());
    exchange(tun, "10.90.0.2", "10.90.0.9");
    exchange(tun, "fd90::2", "fd90::9");
    EXPECT_EQ(tun.counters().tx_packets, 2U);
  }));
}

TEST(TunDevice, RefusesWhatIsNotAnIpPacketAndTakesTheRest) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    tun::TunDevice tun(tun_options());
    const auto garbage = pattern(100, 0);  // its first half-byte is neither 4 nor 6
    const auto packet = udp_packet(address("10.90.0.9:1"), address("10.90.0.2:2"), pattern(10, 1));
    const std::vector<Bytes> packets{garbage, {}, packet};
    EXPECT_EQ(tun.write(packets), 1U);
    EXPECT_EQ(tun.counters().tx_refused, 2U);
    EXPECT_EQ(tun.counters().tx_packets, 1U);
  }));
}

TEST(TunDevice, DropsAndCountsPacketsAboveTheBuffersItWasMadeFor) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    auto options = tun_options();
    options.addresses = {prefix("10.90.0.2/24")};
    tun::TunDevice tun(options);
    BufferPool pool;
    // An administrator changes the MTU while the device is open.
    ASSERT_TRUE(raise_interface("hwtest0", 9000));
    udp::UdpSocketOptions bind;
    bind.bind = address("10.90.0.2:0");
    udp::UdpSocket host(bind);
    host.send(make_batch(address("10.90.0.9:9"), {8000, 1000}));
    EXPECT_EQ(read_udp(tun, pool).size(), 1028U);
    EXPECT_EQ(tun.counters().rx_truncated, 1U);
  }));
}

TEST(TunDevice, RoutesPrefixesIntoTheTunnel) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    tun::TunDevice tun(tun_options());
    BufferPool pool;
    for (const auto& [route, host] :
         std::vector<std::pair<std::string, std::string>>{{"192.0.2.77/24", "192.0.2.1:9"},
                                                          {"2001:db8::7/32", "[2001:db8:1::1]:9"},
                                                          {"128.0.0.0/1", "203.0.113.1:9"},
                                                          {"::/1", "[2001:1234::1]:9"},
                                                          {"10.90.0.0/24", "10.90.0.77:9"}}) {
      udp::UdpSocketOptions bind;
      bind.bind = address(address(host).ip.is_v4() ? "0.0.0.0:0" : "[::]:0");
      udp::UdpSocket socket(bind);
      // The address has added a route to 10.90.0.0/24.
      if (route != "10.90.0.0/24") {
        socket.send(make_batch(address(host), {10}));
        EXPECT_EQ(socket.counters().tx_unreachable, 1U) << route;
        add_route(tun, route);
      }
      socket.send(make_batch(address(host), {10}));
      EXPECT_EQ(socket.counters().tx_datagrams, 1U) << route;
      EXPECT_EQ(read_udp(tun, pool).size(), ip_header_size(address(host).ip) + kUdpHeader + 10) << route;
    }
  }));
}

TEST(TunDevice, LeavesTheDefaultRouteOfAnUplinkToSocketsTiedToIt) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    tun::TunDevice uplink({"hwuplink0", 1500, {prefix("198.51.100.2/24")}, std::nullopt});
    ASSERT_EQ(std::system("ip route add default dev hwuplink0"), 0);
    tun::TunDevice tun(tun_options());
    add_route(tun, "128.0.0.0/1");
    udp::UdpSocketOptions outer;
    outer.bind = address("0.0.0.0:0");
    outer.device = "hwuplink0";
    udp::UdpSocket tied(outer);
    udp::UdpSocket free({SocketId{2}, address("0.0.0.0:0"), std::nullopt});
    const UdpAddress hub = address("203.0.113.1:9899");
    tied.send(make_batch(hub, {111}));
    free.send(make_batch(hub, {222}));
    BufferPool pool;
    const Buffer from_tied = read_udp(uplink, pool);
    ASSERT_EQ(from_tied.size(), 28U + 111U);
    EXPECT_TRUE(std::ranges::equal(from_tied.bytes().subspan(12, 4), ip("198.51.100.2").bytes()));
    const Buffer from_free = read_udp(tun, pool);
    ASSERT_EQ(from_free.size(), 28U + 222U);
    EXPECT_TRUE(std::ranges::equal(from_free.bytes().subspan(12, 4), ip("10.90.0.2").bytes()));
  }));
}

TEST(TunDevice, TakesMtuAndQueueLengthFromItsOptions) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    auto options = tun_options();
    options.tx_queue_length = 1234;
    tun::TunDevice tun(options);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strncpy(request.ifr_name, "hwtest0", IFNAMSIZ - 1);
    EXPECT_EQ(::ioctl(fd, SIOCGIFTXQLEN, &request), 0);
    ::close(fd);
    EXPECT_EQ(request.ifr_qlen, 1234);
    EXPECT_EQ(netlink::find_link("hwtest0").value().mtu, 1400U);
    tun.set_mtu(1300);
    EXPECT_EQ(tun.mtu(), 1300U);
    EXPECT_EQ(netlink::find_link("hwtest0").value().mtu, 1300U);
  }));
}

TEST(TunDevice, VanishesWithItsObject) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    {
      tun::TunDevice tun(tun_options());
      EXPECT_TRUE(netlink::interface_exists("hwtest0"));
    }
    EXPECT_FALSE(netlink::interface_exists("hwtest0"));
  }));
}

TEST(TunDevice, RefusesANameThatIsTaken) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    const tun::TunDevice first(tun_options());
    EXPECT_EQ(failure_of(tun_options()),
              "cannot create tun device 'hwtest0': an interface of that name already exists");
    auto loopback = tun_options();
    loopback.name = "lo";
    EXPECT_EQ(failure_of(loopback),
              "cannot create tun device 'lo': an interface of that name already exists");
    EXPECT_TRUE(netlink::interface_exists("hwtest0"));
  }));
}

TEST(TunDevice, LeavesNothingBehindWhenAnAddressIsRefused) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    auto options = tun_options();
    options.addresses.push_back(options.addresses.front());
    const std::string message = failure_of(options);
    EXPECT_EQ(message.rfind("cannot add address 10.90.0.2/24 to tun device 'hwtest0': ", 0), 0U) << message;
    EXPECT_FALSE(netlink::interface_exists("hwtest0"));
  }));
}

TEST(TunDevice, RefusesImpossibleOptionsBeforeTouchingTheHost) {
  for (const char* name : {"", "sixteen-letters!", "tun%d", "a/b", "a b"}) {
    auto options = tun_options();
    options.name = name;
    EXPECT_NE(failure_of(options).find("'" + std::string(name) + "'"), std::string::npos) << name;
  }
  auto options = tun_options();
  options.mtu = 1279;
  EXPECT_EQ(failure_of(options), "cannot create tun device 'hwtest0': mtu 1279 is not within 1280 to 65535");
  options.addresses = {prefix("10.90.0.2/24")};
  options.mtu = 67;
  EXPECT_EQ(failure_of(options), "cannot create tun device 'hwtest0': mtu 67 is not within 68 to 65535");
}

}  // namespace
}  // namespace hawser::io::test
