#include "sim/hostile_strikes.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hawser::sim {
namespace {

using namespace sctp;
using ByteVector = std::vector<std::byte>;
using ChunkType = sctp::wire::ChunkType;

constexpr std::size_t kRoom = 8'900;
constexpr std::size_t kOrdinary = 1'400;
constexpr std::size_t kLarge = 30'000;  // more than a path carries; a fragmented datagram
constexpr std::size_t kHistory = 32;

}  // namespace

template <class Chunk>
void HostileStrikes::add(ByteVector& out, const Chunk& chunk) {
  std::array<std::byte, kRoom> room;
  ByteWriter writer(room);
  chunk.write(writer);
  writer.pad4();
  if (writer.ok()) out.insert(out.end(), writer.written().begin(), writer.written().end());
}

std::vector<ByteVector> HostileStrikes::burst(std::size_t max_packets) {
  const std::size_t count = random_.between(1, max_packets);
  const bool same = random_.chance(0.5);  // the same chunks again in fresh records
  const bool shuffled = random_.chance(0.3);
  std::vector<ByteVector> packets;
  ByteVector content = chunks();
  for (std::size_t i = 0; i < count; ++i) {
    if (!history_.empty() && random_.chance(0.1)) {
      packets.push_back(history_[random_.below(history_.size())]);
      continue;
    }
    if (!same && i != 0) content = chunks();
    if (auto packet = peer_.seal(content)) packets.push_back(std::move(*packet));
  }
  if (!packets.empty() && random_.chance(0.3)) history_.push_back(packets.front());
  if (history_.size() > kHistory) history_.pop_front();
  for (std::size_t i = packets.size(); shuffled && i > 1; --i)
    std::swap(packets[i - 1], packets[random_.below(i)]);
  return packets;
}

std::vector<ByteVector> HostileStrikes::on_record(Timestamp now, ByteVector packet, bool answers) {
  const wire::PacketView opened = peer_.open(now, packet);
  ByteVector reply;
  wire::ChunkReader reader = opened.chunks();
  bool had_data = false;
  while (const auto chunk = reader.next()) {
    if (chunk->is(ChunkType::kHeartbeat)) {
      if (const auto heartbeat = wire::HeartbeatChunk::parse(*chunk))
        add(reply, wire::HeartbeatChunk{true, heartbeat->info});
    }
    if (!chunk->is(ChunkType::kData)) continue;
    const auto data = wire::DataChunk::parse(*chunk);
    if (!data) continue;
    if (!saw_data_ || static_cast<std::int32_t>(data->tsn.value() - highest_.value()) > 0)
      highest_ = data->tsn;
    saw_data_ = had_data = true;
  }
  // Sometimes the peer lets the hub's window move on; otherwise all data stays outstanding.
  if (had_data && random_.chance(0.1)) {
    wire::SackChunk sack;
    sack.cumulative_tsn = highest_;
    sack.a_rwnd = 1U << 20;
    add(reply, sack);
  }
  if (!answers || reply.empty()) return {};
  auto sealed = peer_.seal(reply);
  return sealed ? std::vector<ByteVector>{std::move(*sealed)} : std::vector<ByteVector>{};
}

// One kind many times, or several kinds; up to an ordinary packet, rarely more.
ByteVector HostileStrikes::chunks() {
  const std::size_t size = random_.chance(0.03)  ? kLarge
                           : random_.chance(0.5) ? kOrdinary
                                                 : random_.between(4, kOrdinary);
  ByteVector out;
  if (random_.chance(0.3)) {
    ByteVector one;
    add_some(one);
    if (one.size() > size) one.resize(size / 4 * 4);
    do out.insert(out.end(), one.begin(), one.end());
    while (!one.empty() && out.size() + one.size() <= size);
    return out;
  }
  for (int i = 0; i < 400 && out.size() < size; ++i) add_some(out);
  if (out.size() > size && random_.chance(0.9)) out.resize(size / 4 * 4);
  return out;
}

void HostileStrikes::add_some(ByteVector& out) {
  const std::uint64_t kind = random_.below(1'000);
  if (kind < 120) return add_unknown(out);
  if (kind < 260) return add_heartbeat(out);
  if (kind < 480) return add_data(out);
  if (kind < 680) return add_sack(out);
  if (kind < 850) return add_asconf(out);
  if (kind < 900) return add_error(out);
  if (kind < 940) return add_handshake(out);
  if (kind < 970) return add_internal(out);
  if (!ends_) return add_unknown(out);
  if (kind < 999) return add_garbage(out);
  if (random_.chance(0.1)) add_end(out);
}

ByteVector HostileStrikes::random_bytes(std::size_t max) {
  ByteVector out(random_.below(max / 4 + 1) * 4);
  random_.fill(out);
  return out;
}

void HostileStrikes::add_unknown(ByteVector& out) {
  ByteVector chunk = random_bytes(random_.chance(0.8) ? 0 : 64);
  chunk.insert(chunk.begin(), 4, std::byte{0});
  chunk[0] = static_cast<std::byte>(random_.chance(0.7) ? 0xfe : random_.between(0x20, 0xff));
  store_be(chunk.data() + 2, static_cast<std::uint16_t>(chunk.size()));
  out.insert(out.end(), chunk.begin(), chunk.end());
}

void HostileStrikes::add_heartbeat(ByteVector& out) {
  const ByteVector info = random_bytes(random_.chance(0.7) ? 0 : random_.chance(0.9) ? 40 : 1'300);
  add(out, wire::HeartbeatChunk{random_.chance(0.2), info});
}

void HostileStrikes::add_data(ByteVector& out) {
  wire::DataChunk data;
  const ByteVector payload(random_.chance(0.7) ? 1 : random_.between(1, 900));
  const bool ahead = random_.chance(0.4);
  data.begin = !ends_ || !random_.chance(0.02);
  data.end = !ends_ || !random_.chance(0.02);
  data.unordered = !ends_ || random_.chance(0.3);
  data.immediate = random_.chance(0.2);
  data.stream = StreamId{static_cast<std::uint16_t>(random_.chance(0.1) ? 65'535 : random_.below(8))};
  data.ssn = Ssn{random_.chance(0.5) ? ssn_++ : static_cast<std::uint16_t>(random_.below(200))};
  data.ppid = Ppid{1};
  data.payload = payload;
  // In line, every second one ahead of it, far ahead, or received before.
  data.tsn = peer_.tsn();
  if (ahead) {
    data.tsn =
        peer_.tsn() + static_cast<std::uint32_t>(2 * random_.below(random_.chance(0.1) ? 20'000 : 2'000));
  } else if (random_.chance(0.8)) {
    ++peer_.tsn();
  } else {
    data.tsn = peer_.tsn() + static_cast<std::uint32_t>(-static_cast<std::int64_t>(random_.below(50)));
  }
  add(out, data);
}

Tsn HostileStrikes::some_cumulative() {
  if (random_.chance(0.05)) return Tsn{static_cast<std::uint32_t>(random_.next())};
  const std::uint64_t behind = random_.chance(0.5) ? random_.below(4'000) : random_.below(8);
  return highest_ + static_cast<std::uint32_t>(-static_cast<std::int64_t>(behind));
}

std::vector<wire::GapBlock> HostileStrikes::some_blocks(std::size_t max) {
  std::vector<wire::GapBlock> blocks(random_.chance(0.3) ? 1 : random_.below(max + 1));
  const std::uint64_t stride = random_.between(2, 96);
  const bool honest_order = random_.chance(0.7);
  std::uint64_t at = 2;
  for (wire::GapBlock& block : blocks) {
    const std::uint64_t start = honest_order ? at : random_.between(1, 4'000);
    const std::uint64_t length = honest_order ? random_.below(stride - 1) : random_.below(4'000);
    block = {static_cast<std::uint16_t>(start), static_cast<std::uint16_t>(start + length)};
    at += stride;
  }
  return blocks;
}

void HostileStrikes::add_sack(ByteVector& out) {
  const std::vector<wire::GapBlock> gaps = some_blocks(random_.chance(0.5) ? 340 : 8);
  const std::vector<wire::GapBlock> firm = some_blocks(random_.chance(0.3) ? 340 : 8);
  const std::vector<Tsn> duplicates(random_.chance(0.9) ? 0 : 30, highest_);
  wire::SackFields fields;
  fields.cumulative_tsn = some_cumulative();
  fields.a_rwnd = random_.chance(0.1) ? 0 : static_cast<std::uint32_t>(random_.below(4U << 20));
  std::array<std::byte, kRoom> room;
  ByteWriter writer(room);
  if (random_.chance(0.5)) {
    wire::write_sack(writer, fields, gaps, duplicates);
  } else {
    wire::write_nr_sack(writer, fields, gaps, firm, duplicates);
  }
  out.insert(out.end(), writer.written().begin(), writer.written().end());
}

void HostileStrikes::add_asconf(ByteVector& out) {
  if (random_.chance(0.1)) return add(out, wire::AsconfAckChunk{serial_, {}});
  std::array<std::byte, 4'000> room;
  ByteWriter writer(room);
  const std::size_t requests = random_.chance(0.5) ? random_.below(3) : random_.below(43);
  for (std::size_t i = 0; i < requests; ++i) {
    static constexpr std::array kTypes = {wire::ParameterType::kAddIpAddress,
                                          wire::ParameterType::kDeleteIpAddress,
                                          wire::ParameterType::kSetPrimaryAddress};
    const auto address = random_.chance(0.5)
                             ? IpAddress::any_v4()
                             : IpAddress::v4(0x0a00'0000U + static_cast<std::uint32_t>(random_.below(64)));
    wire::AsconfRequest{kTypes[random_.below(kTypes.size())], static_cast<std::uint32_t>(i), address}.write(
        writer);
  }
  // The next one, the same one again, or a random serial number.
  const std::uint32_t serial = random_.chance(0.6) ? serial_++ : serial_ - 1;
  add(out, wire::AsconfChunk{random_.chance(0.05) ? static_cast<std::uint32_t>(random_.next()) : serial,
                             IpAddress::any_v4(), writer.written()});
}

void HostileStrikes::add_error(ByteVector& out) {
  std::array<std::byte, 1'000> room;
  ByteWriter writer(room);
  for (std::uint64_t i = random_.below(60); i != 0; --i)
    wire::write_cause(writer, static_cast<wire::CauseCode>(random_.below(16)), random_bytes(8));
  add(out, wire::ErrorChunk{writer.written()});
}

void HostileStrikes::add_handshake(ByteVector& out) {
  const ByteVector bytes = random_bytes(300);
  switch (random_.below(8)) {
    case 0: return add(out, wire::InitChunk{false, VerificationTag{1}, 65'536, 8, 8, Tsn{1}, bytes});
    case 1: return add(out, wire::InitChunk{true, VerificationTag{1}, 65'536, 8, 8, Tsn{1}, bytes});
    case 2: return add(out, wire::CookieEchoChunk{bytes});
    case 3: return add(out, wire::CookieAckChunk{});
    case 4: return add(out, wire::ShutdownAckChunk{});
    case 5: return add(out, wire::AuthChunk{0, 3, bytes});
    case 6: return add(out, wire::ForwardTsnChunk{peer_.tsn() + 100, {}});
    default: return add(out, wire::ReconfigChunk{bytes});
  }
}

// Key management, and path preferences, of which most are malformed.
void HostileStrikes::add_internal(ByteVector& out) {
  ByteVector payload = random_bytes(200);
  payload.insert(payload.begin(), {std::byte{0}, std::byte{0}, std::byte{3}, std::byte{0}});
  wire::DataChunk data;
  data.begin = data.end = true;
  data.unordered = true;
  data.tsn = peer_.tsn()++;
  data.ppid = ends_ && random_.chance(0.02) ? wire::kKeyManagementPpid : wire::kPathPreferencesPpid;
  data.payload = payload;
  add(out, data);
}

void HostileStrikes::add_garbage(ByteVector& out) {
  const ByteVector bytes = random_bytes(200);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void HostileStrikes::add_end(ByteVector& out) {
  if (random_.chance(0.5)) return add(out, wire::ShutdownChunk{some_cumulative()});
  add(out, wire::AbortChunk{false, {}});
}

}  // namespace hawser::sim
