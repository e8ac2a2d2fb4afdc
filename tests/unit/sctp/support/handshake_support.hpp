#pragma once

#include <span>

#include "unit/sctp/support/endpoint_pair.hpp"

namespace hawser::sctp::test {

/// An INIT (or INIT ACK) that is built by hand.
struct InitByHand {
  VerificationTag tag{0x5151'5151};
  std::uint32_t a_rwnd = 100'000;
  std::uint16_t outbound = 8;
  std::uint16_t inbound = 8;
  Tsn tsn{1'000};
  ByteVector parameters{};
  bool ack = false;

  [[nodiscard]] wire::InitChunk chunk() const {
    return {ack, tag, a_rwnd, outbound, inbound, tsn, parameters};
  }
  /// An INIT has verification tag 0.
  [[nodiscard]] ByteVector packet() const { return Craft(kNoTag).add(chunk()).take(); }

  InitByHand& parameter(std::uint16_t type, Bytes value = {}) {
    ByteVector room(4 + padded4(value.size()));
    store_be(room.data(), type);
    store_be(room.data() + 2, static_cast<std::uint16_t>(4 + value.size()));
    std::ranges::copy(value, room.begin() + 4);
    parameters.insert(parameters.end(), room.begin(), room.end());
    return *this;
  }
  InitByHand& parameter(wire::ParameterType type, Bytes value = {}) {
    return parameter(static_cast<std::uint16_t>(type), value);
  }
};

/// The fields of an INIT ACK that the tests use. Owns copies.
struct InitAckSeen {
  VerificationTag verification_tag;
  VerificationTag initiate_tag;
  Tsn initial_tsn;
  ByteVector cookie;
  std::vector<std::uint16_t> reports;  ///< types inside Unrecognized Parameter

  /// A packet that begins with the COOKIE ECHO for it; other chunks may be added.
  [[nodiscard]] Craft echo() const { return Craft(initiate_tag).add(wire::CookieEchoChunk{cookie}); }
};

/// The INIT ACK among `datagrams`; the test fails if there is none.
inline InitAckSeen init_ack_in(const std::vector<Datagram>& datagrams) {
  InitAckSeen seen;
  const Datagram* datagram = find_with(datagrams, wire::ChunkType::kInitAck);
  if (datagram == nullptr) {
    ADD_FAILURE() << "no INIT ACK";
    return seen;
  }
  const auto ack = wire::InitChunk::parse(*find_chunk(datagram->bytes, wire::ChunkType::kInitAck));
  const auto parameters = wire::InitParameters::parse(ack->parameters);
  seen.verification_tag = tag_in(*datagram);
  seen.initiate_tag = ack->initiate_tag;
  seen.initial_tsn = ack->initial_tsn;
  seen.cookie.assign(parameters->cookie->value.begin(), parameters->cookie->value.end());
  for (const wire::ParameterView& report : parameters->reports) seen.reports.push_back(report.type);
  return seen;
}

/// The only cause of the ABORT, which must be the only chunk of `datagrams`; 0 when there is none.
inline std::uint16_t abort_cause_in(const std::vector<Datagram>& datagrams) {
  EXPECT_EQ(datagrams.size(), 1U);
  const Datagram* datagram = find_with(datagrams, wire::ChunkType::kAbort);
  if (datagram == nullptr) {
    ADD_FAILURE() << "no ABORT";
    return 0;
  }
  const auto causes = causes_of(*find_chunk(datagram->bytes, wire::ChunkType::kAbort));
  return causes.empty() ? std::uint16_t{0} : causes.front();
}

constexpr std::uint16_t code(wire::CauseCode cause) {
  return static_cast<std::uint16_t>(cause);
}

}  // namespace hawser::sctp::test
