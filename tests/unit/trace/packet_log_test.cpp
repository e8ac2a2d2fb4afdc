#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>

#include "sctp/wire/crc32c.hpp"
#include "trace/endpoint_trace.hpp"
#include "trace/open_log.hpp"
#include "trace/packets.hpp"

namespace hawser::trace {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kOrigin{1000s};

/// Writes packets to a log and reads its file back.
class PacketLogs : public ::testing::Test {
 protected:
  ~PacketLogs() override { std::remove(path_.c_str()); }

  void open(const std::string& extension) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "hawser_" + test->name() + extension;
    log_ = open_log(path_, kOrigin);
  }
  void write(Duration at, sctp::PacketDirection direction, const Route& route, Bytes chunks) {
    EndpointTrace(*log_, "edge").on_packet(kOrigin + at, {direction, true, route, header_, chunks});
  }
  /// What is in the file while the log is still open.
  [[nodiscard]] std::vector<std::byte> written() const {
    std::vector<std::byte> bytes(1 << 16);
    const File file(std::fopen(path_.c_str(), "rb"));
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
    return bytes;
  }

  static Route route(const char* local, const char* remote) {
    return {SocketId(2), *IpAddress::parse(local), *UdpAddress::parse(remote)};
  }

  std::vector<std::byte> header_ = header();
  std::string path_;
  std::unique_ptr<PacketLog> log_;
};

TEST_F(PacketLogs, WriteOneLinePerPacketAsText) {
  open(".txt");
  write(21ms, sctp::PacketDirection::sent, route("10.0.0.2", "198.51.100.1:9899"), data_chunk());
  write(1500ms, sctp::PacketDirection::received, route("::", "[2001:db8::1]:4711"), sack_chunk());
  const auto bytes = written();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
            "    0.021000 edge/2 10.0.0.2 > 198.51.100.1:9899 sealed 9899>5001 tag=1a2b3c4d "
            "DATA(tsn=7 sid=1 ssn=2 ppid=51 BE 3)\n"
            "    1.500000 edge/2 :: < [2001:db8::1]:4711 sealed 9899>5001 tag=1a2b3c4d "
            "SACK(cum=3 rwnd=65536 dups=1 g2-4)\n");
}

std::uint16_t internet_sum(Bytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(sum);
}

/// Reads a UDP datagram and expects that its payload is an SCTP packet with `chunks` and a valid checksum.
void expect_sctp_in_udp(Bytes udp, std::uint16_t from, std::uint16_t to, Bytes chunks) {
  ByteReader reader(udp);
  EXPECT_EQ(reader.u16(), from);
  EXPECT_EQ(reader.u16(), to);
  EXPECT_EQ(reader.u16(), udp.size());
  reader.u16();
  const Bytes packet = reader.take_rest();
  EXPECT_TRUE(sctp::wire::checksum_ok(packet));
  EXPECT_TRUE(std::ranges::equal(packet.first(8), Bytes(header()).first(8)));
  EXPECT_TRUE(std::ranges::equal(packet.subspan(12), chunks));
}

TEST_F(PacketLogs, BeginACaptureWithItsTimeUnitAndLinkType) {
  open(".pcap");
  const auto bytes = written();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0xa1b2'3c4dU) << "nanoseconds, big-endian";
  EXPECT_EQ(reader.u16(), 2);
  EXPECT_EQ(reader.u16(), 4);
  EXPECT_EQ(reader.u64(), 0U);
  EXPECT_GE(reader.u32(), 65'575U) << "the largest IPv6 packet fits";
  EXPECT_EQ(reader.u32(), 101U) << "LINKTYPE_RAW";
  EXPECT_TRUE(reader.ok() && reader.empty());
}

TEST_F(PacketLogs, CaptureAPacketSentOverIpv4) {
  open(".pcap");
  const auto chunks = joined({data_chunk(), sack_chunk()});
  write(2s + 34ns, sctp::PacketDirection::sent, route("10.0.0.2", "198.51.100.1:4711"), chunks);
  const auto bytes = written();
  ByteReader reader(Bytes(bytes).subspan(24));
  EXPECT_EQ(reader.u32(), 2U);
  EXPECT_EQ(reader.u32(), 34U);
  const std::size_t size = reader.u32();
  EXPECT_EQ(reader.u32(), size);
  const Bytes ip = reader.take_rest();
  ASSERT_EQ(ip.size(), size);
  ASSERT_EQ(size, 20 + 8 + 12 + chunks.size());
  EXPECT_EQ(ip[0], std::byte{0x45});
  EXPECT_EQ(load_be<std::uint16_t>(ip.data() + 2), size);
  EXPECT_EQ(ip[9], std::byte{17});
  EXPECT_EQ(internet_sum(ip.first(20)), 0xffff);
  EXPECT_EQ(IpAddress::v4(ip.subspan(12, 4)).to_string(), "10.0.0.2");
  EXPECT_EQ(IpAddress::v4(ip.subspan(16, 4)).to_string(), "198.51.100.1");
  const Bytes udp = ip.subspan(20);
  expect_sctp_in_udp(udp, 9899, 4711, chunks);
  EXPECT_EQ(internet_sum(udp, internet_sum(ip.subspan(12, 8)) + 17U + static_cast<std::uint32_t>(udp.size())),
            0xffff);
}

TEST_F(PacketLogs, CaptureAPacketReceivedOverIpv6) {
  open(".pcap");
  write(5ms, sctp::PacketDirection::received, route("0.0.0.0", "[2001:db8::1]:4711"), sack_chunk());
  const auto bytes = written();
  ByteReader reader(Bytes(bytes).subspan(24 + 16));
  const Bytes ip = reader.take_rest();
  ASSERT_EQ(ip.size(), 40 + 8 + 12 + sack_chunk().size());
  EXPECT_EQ(ip[0], std::byte{0x60});
  EXPECT_EQ(load_be<std::uint16_t>(ip.data() + 4), ip.size() - 40);
  EXPECT_EQ(ip[6], std::byte{17});
  EXPECT_EQ(IpAddress::v6(ip.subspan(8, 16)).to_string(), "2001:db8::1");
  EXPECT_EQ(IpAddress::v6(ip.subspan(24, 16)).to_string(), "::");
  const Bytes udp = ip.subspan(40);
  expect_sctp_in_udp(udp, 4711, 9899, sack_chunk());
  EXPECT_EQ(internet_sum(udp, internet_sum(ip.subspan(8, 32)) + 17U + static_cast<std::uint32_t>(udp.size())),
            0xffff);
}

TEST_F(PacketLogs, ThrowWhenTheFileCannotBeMade) {
  EXPECT_THROW((void)open_log("/no/such/folder/trace.pcap", kOrigin), std::system_error);
}

}  // namespace
}  // namespace hawser::trace
