#include "trace/pcap_log.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "trace/crc32c.hpp"

namespace hawser::trace {
namespace {

constexpr std::uint32_t kMagicOfNanoseconds = 0xa1b2'3c4d;
constexpr std::uint32_t kSnapshotLength = 0x4'0000;
constexpr std::uint32_t kLinkTypeRaw = 101;
constexpr std::size_t kRecordHeader = 16;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kChecksumOfUdp = 6;    // offset in the UDP header
constexpr std::size_t kChecksumOfIpv4 = 10;  // offset in the IPv4 header
constexpr std::size_t kChecksumOfSctp = 8;   // offset in the common header
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kHopLimit = 64;
constexpr std::uint16_t kSctpOverUdp = 9899;

/// The source and the destination of a packet.
struct Ends {
  UdpAddress from;
  UdpAddress to;
};

Ends ends_of(const sctp::ObservedPacket& packet) {
  const UdpAddress& remote = packet.route.remote;
  IpAddress local = packet.route.local;
  if (local.is_v4() != remote.ip.is_v4())
    local = remote.ip.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6();
  const UdpAddress own{local, kSctpOverUdp};
  return packet.direction == sctp::PacketDirection::sent ? Ends{own, remote} : Ends{remote, own};
}

/// One's complement sum of 16-bit words (RFC 1071), not folded.
std::uint32_t sum_of(Bytes bytes) {
  std::uint32_t sum = 0;
  for (; bytes.size() >= 2; bytes = bytes.subspan(2)) sum += load_be<std::uint16_t>(bytes.data());
  if (!bytes.empty()) sum += static_cast<std::uint32_t>(bytes[0]) << 8U;
  return sum;
}

std::uint16_t fold(std::uint32_t sum) {
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

void write_ip(ByteWriter& writer, const Ends& ends, std::size_t payload) {
  if (ends.from.ip.is_v4()) {
    writer.u16(0x4500);  // version, header length, no DSCP
    writer.u16(static_cast<std::uint16_t>(kIpv4Header + payload));
    writer.u32(0x4000);  // no identification, DF
    writer.u8(kHopLimit);
    writer.u8(kUdp);
    writer.u16(0);
  } else {
    writer.u32(0x6000'0000);  // version, no traffic class, no flow label
    writer.u16(static_cast<std::uint16_t>(payload));
    writer.u8(kUdp);
    writer.u8(kHopLimit);
  }
  writer.bytes(ends.from.ip.bytes());
  writer.bytes(ends.to.ip.bytes());
}

/// Writes the checksums of `datagram`, from the inside out: SCTP, UDP (RFC 768, RFC 8200 §8.1), IPv4.
void write_checksums(MutableBytes datagram, const Ends& ends) {
  const bool v4 = ends.from.ip.is_v4();
  const MutableBytes udp = datagram.subspan(v4 ? kIpv4Header : kIpv6Header);
  const MutableBytes sctp = udp.subspan(kUdpHeader);
  store_be(sctp.data() + kChecksumOfSctp,
           __builtin_bswap32(packet_checksum(sctp.first(12), sctp.subspan(12))));
  const std::uint16_t sum = fold(sum_of(ends.from.ip.bytes()) + sum_of(ends.to.ip.bytes()) + kUdp +
                                 static_cast<std::uint32_t>(udp.size()) + sum_of(udp));
  store_be(udp.data() + kChecksumOfUdp, sum == 0 ? std::uint16_t{0xffff} : sum);
  if (v4) store_be(datagram.data() + kChecksumOfIpv4, fold(sum_of(datagram.first(kIpv4Header))));
}

}  // namespace

PcapLog::PcapLog(File file, Timestamp origin) : file_(std::move(file)), origin_(origin) {
  std::array<std::byte, 24> header;
  ByteWriter writer(header);
  writer.u32(kMagicOfNanoseconds);
  writer.u32(0x0002'0004);  // version 2.4
  writer.zeros(8);          // UTC, no accuracy
  writer.u32(kSnapshotLength);
  writer.u32(kLinkTypeRaw);
  std::fwrite(header.data(), 1, header.size(), file_.get());
  std::fflush(file_.get());
}

void PcapLog::write(Timestamp now, std::string_view /*endpoint*/, const sctp::ObservedPacket& packet) {
  const Ends ends = ends_of(packet);
  const std::size_t udp = kUdpHeader + packet.header.size() + packet.chunks.size();
  const std::size_t size = udp + (ends.from.ip.is_v4() ? kIpv4Header : kIpv6Header);
  record_.assign(kRecordHeader + size, std::byte{});
  ByteWriter writer(record_);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - origin_);
  writer.u32(static_cast<std::uint32_t>(seconds.count()));
  writer.u32(static_cast<std::uint32_t>((now - origin_ - seconds).count()));
  writer.u32(static_cast<std::uint32_t>(size));
  writer.u32(static_cast<std::uint32_t>(size));
  write_ip(writer, ends, udp);
  writer.u16(ends.from.port);
  writer.u16(ends.to.port);
  writer.u16(static_cast<std::uint16_t>(udp));
  writer.u16(0);
  writer.bytes(packet.header);
  writer.bytes(packet.chunks);
  write_checksums(MutableBytes(record_).subspan(kRecordHeader), ends);
  std::fwrite(record_.data(), 1, record_.size(), file_.get());
  std::fflush(file_.get());
}

}  // namespace hawser::trace
