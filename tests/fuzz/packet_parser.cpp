// Parses arbitrary bytes as a packet: walks every chunk, parameter and cause, writes the parsed ones again,
// and expects that they parse to the same.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sctp/wire/wire.hpp"
#include "unit/sctp/support/wire_rewrite.hpp"

namespace hawser::sctp::wire::testing {
namespace {

constexpr std::size_t kMaxInputSize = 16'384;  // leaves room for growth when a packet is rewritten

void require(bool condition) {
  if (!condition) __builtin_trap();
}

void check_checksum(Bytes packet) {
  require(crc32c(packet) == crc32c_table(packet));
  if (packet.size() < kCommonHeaderSize) {
    require(!checksum_ok(packet));
    return;
  }
  std::vector<std::byte> sealed(packet.begin(), packet.end());
  seal_checksum(sealed);
  require(checksum_ok(sealed));
}

void check_chunk(const ChunkView& chunk) {
  Scratch once;
  if (rewrite(chunk, once.writer())) return;
  require(is_known_chunk(chunk.type));
  require(once.writer().ok());
  ChunkReader reader(once.bytes(), 0);
  const auto again = reader.next();
  require(again && reader.offset() == once.bytes().size());
  Scratch twice;
  require(!rewrite(*again, twice.writer()));
  require(std::ranges::equal(once.bytes(), twice.bytes()));
}

// Parses every chunk value also as parameters, whatever its type.
void check_parameters(Bytes value) {
  ParameterReader reader(value);
  while (const auto parameter = reader.next()) {
    require(parameter->whole.size() == parameter->value.size() + kTlvHeaderSize);
    Scratch scratch;
    rewrite_cause(scratch.writer(), *parameter);
    rewrite_request(scratch.writer(), *parameter);
    rewrite_response(scratch.writer(), *parameter);
    rewrite_reconfig(scratch.writer(), *parameter);
    require(scratch.writer().ok());
  }
  if (const auto parameters = InitParameters::parse(value)) {
    for (const ParameterView& report : parameters->reports) require(report.whole.size() >= kTlvHeaderSize);
    require(parameters->addresses.size() <= InitParameters::kMaxAddresses);
  }
}

void check_packet(Bytes bytes) {
  check_checksum(bytes);
  const auto packet = PacketView::parse(bytes);
  require(packet.has_value() == (bytes.size() >= kCommonHeaderSize));
  if (!packet) return;
  ChunkReader reader = packet->chunks();
  std::size_t before = reader.offset();
  while (const auto chunk = reader.next()) {
    require(reader.offset() > before && reader.offset() <= bytes.size());
    require(chunk->whole.data() == bytes.data() + before);
    before = reader.offset();
    check_chunk(*chunk);
    check_parameters(chunk->value);
  }
  require(reader.ok() == (reader.offset() == bytes.size()));
}

}  // namespace
}  // namespace hawser::sctp::wire::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hawser::sctp::wire::testing;
  if (size <= kMaxInputSize) check_packet(std::as_bytes(std::span(data, size)));
  return 0;
}
