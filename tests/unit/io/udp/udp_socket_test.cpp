#include "io/udp/udp_socket.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <optional>
#include <utility>

#include "io/setup_error.hpp"
#include "net_test_support.hpp"

namespace hawser::io::test {
namespace {

udp::UdpSocketOptions options(const std::string& bind, std::uint32_t id = 1) {
  udp::UdpSocketOptions o;
  o.id = SocketId{id};
  o.bind = address(bind);
  return o;
}

void expect_patterns(const std::vector<Received>& got, const std::vector<std::size_t>& sizes) {
  ASSERT_EQ(got.size(), sizes.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(got[i].payload, pattern(sizes[i], i)) << "datagram " << i;
}

std::string failure_of(const udp::UdpSocketOptions& o) {
  try {
    const udp::UdpSocket socket(o);
  } catch (const SetupError& e) {
    return e.what();
  }
  return "no error";
}

const std::vector<std::size_t> kMixed{1400, 1400, 1400, 900, 1400, 50, 50, 50, 51, 1, 1200, 1200, 3000};

/// A combination of offloads. All combinations carry the same datagrams.
struct Offload {
  bool gso;
  bool gro;
};
class UdpSocketOffload : public testing::TestWithParam<Offload> {
 protected:
  static udp::UdpSocketOptions with_offload(const std::string& bind) {
    auto o = options(bind);
    o.gso = GetParam().gso;
    o.gro = GetParam().gro;
    return o;
  }
};

TEST_P(UdpSocketOffload, CarriesABatchOfMixedSizesIntactAndInOrder) {
  udp::UdpSocket a(with_offload("127.0.0.1:0"));
  udp::UdpSocket b(with_offload("127.0.0.1:0"));
  a.send(make_batch(b.local_address(), kMixed));
  expect_patterns(receive_all(b, kMixed.size()), kMixed);
  EXPECT_TRUE(b.receive().empty());
  EXPECT_EQ(a.counters().tx_datagrams, kMixed.size());
  EXPECT_EQ(b.counters().rx_datagrams, kMixed.size());
  const auto bytes = std::accumulate(kMixed.begin(), kMixed.end(), std::size_t{0});
  EXPECT_EQ(a.counters().tx_bytes, bytes);
  EXPECT_EQ(b.counters().rx_bytes, bytes);
  // Runs: 1400 x3 + 900 | 1400 + 50 | 50 50 | 51 + 1 | 1200 1200 | 3000.
  EXPECT_EQ(a.counters().tx_messages, GetParam().gso ? 6U : kMixed.size());
}

TEST_P(UdpSocketOffload, CarriesAFullBatchOverIpv6) {
  udp::UdpSocket a(with_offload("[::1]:0"));
  udp::UdpSocket b(with_offload("[::1]:0"));
  std::vector<std::size_t> sizes(TransmitBatch::kMaxDatagrams, 1000);
  sizes.back() = 999;
  a.send(make_batch(b.local_address(), sizes));
  const auto got = receive_all(b, sizes.size());
  expect_patterns(got, sizes);
  EXPECT_EQ(got.at(0).route.remote, a.local_address());
  EXPECT_EQ(got.at(0).route.local, ip("::1"));
}

INSTANTIATE_TEST_SUITE_P(All, UdpSocketOffload,
                         testing::Values(Offload{true, true}, Offload{true, false}, Offload{false, true},
                                         Offload{false, false}),
                         [](const auto& param_info) {
                           return std::string(param_info.param.gso ? "Segmented" : "Single") +
                                  (param_info.param.gro ? "ToCoalesced" : "ToSingle");
                         });

TEST(UdpSocket, ReceivesASegmentedRunAsOneCoalescedMessage) {
  udp::UdpSocket a(options("127.0.0.1:0"));
  udp::UdpSocket b(options("127.0.0.1:0"));
  if (!a.gso_active() || !b.gro_active()) GTEST_SKIP() << "this kernel has no udp segmentation offload";
  const std::vector<std::size_t> sizes(40, 1452);
  a.send(make_batch(b.local_address(), sizes));
  ASSERT_TRUE(readable(b.native_handle()));
  EXPECT_EQ(b.receive().size(), sizes.size());
  EXPECT_EQ(a.counters().tx_messages, 1U);
  EXPECT_EQ(b.counters().rx_messages, 1U);
}

TEST(UdpSocket, FallsBackWhenTheKernelRefusesSegmentationAtRunTimeAndRemembers) {
  udp::UdpSocket a(options("127.0.0.1:0"));
  udp::UdpSocket b(options("127.0.0.1:0"));
  if (!a.gso_active()) GTEST_SKIP() << "this kernel has no udp segmentation offload";
  // Without checksums the kernel cannot segment: it returns the error of a device without the offload.
  const int on = 1;
  ASSERT_EQ(::setsockopt(a.socket(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  a.send(make_batch(b.local_address(), kMixed));
  expect_patterns(receive_all(b, kMixed.size()), kMixed);
  EXPECT_FALSE(a.gso_active());
  EXPECT_EQ(a.counters().gso_fallbacks, 1U);
  a.send(make_batch(b.local_address(), kMixed));
  expect_patterns(receive_all(b, kMixed.size()), kMixed);
  EXPECT_EQ(a.counters().gso_fallbacks, 1U);
  EXPECT_EQ(a.counters().tx_datagrams, 2 * kMixed.size());
}

TEST(UdpSocket, CarriesEmptyDatagrams) {
  udp::UdpSocket a(options("127.0.0.1:0"));
  udp::UdpSocket b(options("127.0.0.1:0"));
  const std::vector<std::size_t> sizes{0, 0, 5, 0};
  a.send(make_batch(b.local_address(), sizes));
  expect_patterns(receive_all(b, sizes.size()), sizes);
}

TEST(UdpSocket, AnswersFromTheAddressItWasSentTo) {
  udp::UdpSocket hub(options("0.0.0.0:0", 9));
  udp::UdpSocket edge(options("127.0.0.1:0"));
  for (const std::string& text :
       {std::string("127.0.0.1"), std::string("127.0.0.2"), std::string("127.0.0.3")}) {
    edge.send(make_batch({ip(text), hub.local_address().port}, {100, 100}));
    const auto received = receive_all(hub, 2);
    ASSERT_EQ(received.size(), 2U);
    const Route expected{SocketId{9}, ip(text), edge.local_address()};
    EXPECT_EQ(received[0].route, expected);
    hub.send(make_batch(received[0].route.remote, {200, 200}, received[0].route.local));
    const auto answered = receive_all(edge, 2);
    ASSERT_EQ(answered.size(), 2U);
    EXPECT_EQ(answered[1].route.remote, (UdpAddress{ip(text), hub.local_address().port}));
  }
}

TEST(UdpSocket, CountsButSurvivesARouteWhoseLocalAddressIsNotOurs) {
  udp::UdpSocket a(options("0.0.0.0:0"));
  udp::UdpSocket b(options("127.0.0.1:0"));
  a.send(make_batch(b.local_address(), {100, 100, 100}, ip("198.51.100.77")));
  EXPECT_EQ(a.counters().tx_datagrams, 0U);
  EXPECT_EQ(a.counters().tx_errors + a.counters().tx_unreachable, 3U);
  // Segmentation was not the cause, so it stays on.
  const bool segments = udp::UdpSocket(options("127.0.0.1:0")).gso_active();
  EXPECT_EQ(a.gso_active(), segments);
  a.send(make_batch(b.local_address(), {100}));
  EXPECT_EQ(receive_all(b, 1).size(), 1U);
}

TEST(UdpSocket, ReceivesNothingWithoutWaiting) {
  udp::UdpSocket a(options("127.0.0.1:0"));
  EXPECT_TRUE(a.receive().empty());
  EXPECT_EQ(a.counters().rx_errors, 0U);
}

TEST(UdpSocket, SharesAPortBetweenItsIpv4AndItsIpv6Socket) {
  udp::UdpSocket v4(options("0.0.0.0:0"));
  auto o = options("[::]:0");
  o.bind.port = v4.local_address().port;
  udp::UdpSocket v6(o);
  udp::UdpSocket edge(options("127.0.0.1:0"));
  edge.send(make_batch({ip("127.0.0.1"), o.bind.port}, {64}));
  const auto got = receive_all(v4, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_TRUE(got[0].route.remote.ip.is_v4());
  EXPECT_TRUE(v6.receive().empty());
}

TEST(UdpSocket, RefusesAnUnknownDeviceByName) {
  auto o = options("0.0.0.0:0");
  o.device = "nosuchdev0";
  const std::string message = failure_of(o);
  EXPECT_NE(message.find("'nosuchdev0'"), std::string::npos) << message;
  EXPECT_NE(message.find("no such device"), std::string::npos) << message;
}

TEST(UdpSocket, RefusesAnAddressInUseByName) {
  const udp::UdpSocket first(options("127.0.0.1:0"));
  udp::UdpSocketOptions o;
  o.bind = first.local_address();
  const std::string message = failure_of(o);
  EXPECT_EQ(message, "cannot bind udp socket " + o.bind.to_string() + ": address already in use");
}

TEST(UdpSocket, CountsDatagramsAboveTheMtuAndSendsTheRestOfTheBatch) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_TRUE(raise_interface("lo", 1500));
    for (const std::string& host : {std::string("127.0.0.1:0"), std::string("[::1]:0")}) {
      udp::UdpSocket a(options(host));
      udp::UdpSocket b(options(host));
      const bool segments = a.gso_active();
      // The run of 2000s is rejected as a whole; the 1000 that ends it and the other datagrams fit.
      const std::vector<std::size_t> sizes{1400, 1400, 2000, 2000, 1000, 1400, 1500};
      a.send(make_batch(b.local_address(), sizes));
      const auto got = receive_all(b, 4);
      ASSERT_EQ(got.size(), 4U);
      EXPECT_EQ(got[2].payload, pattern(1000, 4));
      EXPECT_EQ(got[3].payload, pattern(1400, 5));
      EXPECT_EQ(a.counters().tx_too_big, 3U);
      EXPECT_EQ(a.gso_active(), segments);
    }
  }));
}

TEST_P(UdpSocketOffload, CarriesTheEcnFieldOfEachBatchWithAndWithoutADscp) {
  for (const std::string& host : {std::string("127.0.0.1:0"), std::string("[::1]:0")}) {
    udp::UdpSocket a(with_offload(host));
    udp::UdpSocket b(with_offload(host));
    const std::vector<std::size_t> sizes{1400, 1400, 1400, 900, 100};
    for (const Ecn ecn : {Ecn::ect0, Ecn::not_ect, Ecn::ce, Ecn::ect1}) {
      for (const std::uint8_t dscp : {std::uint8_t{0}, std::uint8_t{46}}) {
        // With a source address, too: the control messages share one buffer.
        TransmitBatch batch = make_batch(b.local_address(), sizes, a.local_address().ip);
        batch.ecn = ecn;
        batch.dscp = dscp;
        a.send(batch);
        const auto got = receive_all(b, sizes.size());
        expect_patterns(got, sizes);
        for (const Received& each : got) EXPECT_EQ(each.ecn, ecn);
      }
    }
  }
}

TEST(UdpSocket, LetsIpFragmentOnlyTheBatchThatMayBe) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_TRUE(raise_interface("lo", 1400));
    for (const std::string& host : {std::string("127.0.0.1:0"), std::string("[::1]:0")}) {
      udp::UdpSocket a(options(host));
      udp::UdpSocket b(options(host));
      const std::vector<std::size_t> sizes{1472, 1472, 1472, 100};
      TransmitBatch large = make_batch(b.local_address(), sizes);
      large.may_fragment = true;
      a.send(large);
      expect_patterns(receive_all(b, sizes.size()), sizes);
      EXPECT_EQ(a.counters().tx_too_big, 0U);
      large.may_fragment = false;
      a.send(large);
      EXPECT_EQ(receive_all(b, 1).size(), 1U) << "the small datagram";
      EXPECT_EQ(a.counters().tx_too_big, 3U);
    }
  }));
}

// Datagrams to a host whose hardware address is not known yet stay in the send buffer of the socket.
TEST(UdpSocket, KeepsWhatItsSendBufferHasNoRoomForAndSendsItLater) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_EQ(std::system("ip link add v0 type veth peer name v1 && ip addr add 192.0.2.1/24 dev v0 && "
                          "ip link set v0 up && ip link set v1 up"),
              0);
    auto o = options("192.0.2.1:0");
    o.send_buffer = 32U << 10;
    o.gso = false;
    udp::UdpSocket socket(o);
    const std::vector<std::size_t> sizes(40, 1400);
    const TransmitBatch batch = make_batch(address("192.0.2.7:9899"), sizes);
    for (int i = 0; i < 4; ++i) socket.send(batch);
    EXPECT_LT(socket.counters().tx_datagrams, 160U) << "without a full buffer this test proves nothing";
    EXPECT_EQ(socket.counters().tx_dropped_full, 0U);
    EXPECT_FALSE(readable(socket.native_handle(), 50));

    ASSERT_EQ(std::system("ip neigh replace 192.0.2.7 lladdr 02:00:00:00:00:01 dev v0 nud permanent"), 0);
    for (int i = 0; i < 200 && socket.counters().tx_datagrams < 160; ++i) {
      ASSERT_TRUE(readable(socket.native_handle())) << "the event loop learns that there is room";
      static_cast<void>(socket.receive());
    }
    EXPECT_EQ(socket.counters().tx_datagrams, 160U);
    EXPECT_EQ(socket.counters().tx_dropped_full, 0U);
    EXPECT_FALSE(readable(socket.native_handle(), 50)) << "nothing waits";

    // It keeps a few batches only.
    ASSERT_EQ(std::system("ip neigh del 192.0.2.7 dev v0"), 0);
    for (int i = 0; i < 20; ++i) socket.send(batch);
    EXPECT_GT(socket.counters().tx_dropped_full, 0U);
  }));
}

TEST(UdpSocket, CountsDatagramsWithoutARouteAsUnreachable) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    udp::UdpSocket a(options("0.0.0.0:0"));
    a.send(make_batch(address("192.0.2.1:9899"), {100, 100, 50}));
    EXPECT_EQ(a.counters().tx_unreachable, 3U);
    EXPECT_EQ(a.counters().tx_datagrams, 0U);
  }));
}

TEST(UdpSocket, MarksItsDatagramsForRoutingRules) {
  if (!privileged()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(in_fresh_namespace([] {
    ASSERT_TRUE(raise_interface("lo", 65536));
    ASSERT_EQ(std::system("ip route add unreachable default && ip route add default dev lo table 7 && "
                          "ip rule add fwmark 9899 lookup 7"),
              0);
    auto o = options("0.0.0.0:0");
    for (const std::uint32_t mark : {0U, 9898U, 9899U}) {
      o.mark = mark;
      udp::UdpSocket socket(o);
      socket.send(make_batch(address("203.0.113.1:9899"), {100}));
      EXPECT_EQ(socket.counters().tx_unreachable, mark == 9899 ? 0U : 1U) << mark;
    }
  }));
}

TEST(UdpSocket, ReportsWhetherAPortIsInUse) {
  for (const bool v6 : {false, true}) {
    auto o = options(v6 ? "[::1]:0" : "127.0.0.1:0");
    o.device = "lo";
    std::optional<udp::UdpSocket> socket(std::in_place, o);
    const std::uint16_t port = socket->local_address().port;
    EXPECT_TRUE(udp::is_udp_port_in_use(v6, port));
    socket.reset();
    EXPECT_FALSE(udp::is_udp_port_in_use(v6, port));
  }
}

TEST(UdpSocket, CountsMessagesThatItsReceiveBufferCouldNotHold) {
  udp::UdpSocket a(options("127.0.0.1:0"));
  auto o = options("127.0.0.1:0");
  o.receive_buffer = 16'384;
  udp::UdpSocket b(o);
  const auto batch = make_batch(b.local_address(), std::vector<std::size_t>(64, 1000));
  for (int i = 0; i < 20; ++i) a.send(batch);
  while (!b.receive().empty()) {
  }
  // The kernel reports the number of dropped datagrams with the first datagram after them.
  a.send(make_batch(b.local_address(), {10}));
  EXPECT_EQ(receive_all(b, 1).size(), 1U);
  EXPECT_GT(b.counters().rx_dropped_full, 0U);
}

}  // namespace
}  // namespace hawser::io::test
