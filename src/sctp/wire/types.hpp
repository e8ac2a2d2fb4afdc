#pragma once

#include <cstdint>
#include <string_view>

namespace hawser::sctp::wire {

/// Chunk types (RFC 9260 §3.2 and the IANA registry).
enum class ChunkType : std::uint8_t {
  kData = 0,
  kInit = 1,
  kInitAck = 2,
  kSack = 3,
  kHeartbeat = 4,
  kHeartbeatAck = 5,
  kAbort = 6,
  kShutdown = 7,
  kShutdownAck = 8,
  kError = 9,
  kCookieEcho = 10,
  kCookieAck = 11,
  kEcne = 12,
  kCwr = 13,
  kShutdownComplete = 14,
  kAuth = 15,            // RFC 4895
  kNrSack = 16,          // draft-tuexen-tsvwg-sctp-multipath
  kIData = 64,           // RFC 8260
  kAsconfAck = 128,      // RFC 5061
  kReconfig = 130,       // RFC 6525
  kSealed = 0x5e,        // of this project, see docs/protocol.md
  kHandshakeMac = 0x5f,  // of this project, see docs/protocol.md
  kPad = 132,            // RFC 4820
  kPathAck = 0x9e,       // of this project, see docs/protocol.md
  kForwardTsn = 192,     // RFC 3758
  kAsconf = 193,         // RFC 5061
  kIForwardTsn = 194,    // RFC 8260
};

/// Parameter types (RFC 9260 §3.2.1 and the IANA registry).
enum class ParameterType : std::uint16_t {
  kHeartbeatInfo = 1,
  kIpv4Address = 5,
  kIpv6Address = 6,
  kStateCookie = 7,
  kUnrecognizedParameter = 8,
  kCookiePreservative = 9,
  kHostNameAddress = 11,
  kSupportedAddressTypes = 12,
  kOutgoingSsnReset = 13,            // RFC 6525
  kIncomingSsnReset = 14,            // RFC 6525
  kSsnTsnReset = 15,                 // RFC 6525
  kReconfigResponse = 16,            // RFC 6525
  kAddOutgoingStreams = 17,          // RFC 6525
  kAddIncomingStreams = 18,          // RFC 6525
  kEcnCapable = 0x8000,              // RFC 9260 appendix A
  kZeroChecksumAcceptable = 0x8001,  // RFC 9653
  kRandom = 0x8002,                  // RFC 4895
  kChunkList = 0x8003,               // RFC 4895
  kRequestedHmacAlgorithm = 0x8004,  // RFC 4895
  kPadding = 0x8005,                 // RFC 4820
  kSupportedExtensions = 0x8008,     // RFC 5061
  kProtection = 0x8f57,              // of this project, see docs/protocol.md
  kAccess = 0x8f58,                  // of this project, see docs/protocol.md
  kForwardTsnSupported = 0xC000,     // RFC 3758
  kAddIpAddress = 0xC001,            // RFC 5061
  kDeleteIpAddress = 0xC002,         // RFC 5061
  kErrorCauseIndication = 0xC003,    // RFC 5061
  kSetPrimaryAddress = 0xC004,       // RFC 5061
  kSuccessIndication = 0xC005,       // RFC 5061
  kAdaptationIndication = 0xC006,    // RFC 5061
};

/// Error cause codes (RFC 9260 §3.3.10 and the IANA registry).
enum class CauseCode : std::uint16_t {
  kInvalidStreamIdentifier = 1,
  kMissingMandatoryParameter = 2,
  kStaleCookie = 3,
  kOutOfResource = 4,
  kUnresolvableAddress = 5,
  kUnrecognizedChunkType = 6,
  kInvalidMandatoryParameter = 7,
  kUnrecognizedParameters = 8,
  kNoUserData = 9,
  kCookieReceivedWhileShuttingDown = 10,
  kRestartWithNewAddresses = 11,
  kUserInitiatedAbort = 12,
  kProtocolViolation = 13,
  kDeleteLastAddress = 0x00A0,          // RFC 5061
  kResourceShortage = 0x00A1,           // RFC 5061
  kDeleteSourceAddress = 0x00A2,        // RFC 5061
  kIllegalAsconfAck = 0x00A3,           // RFC 5061
  kRequestRefused = 0x00A4,             // RFC 5061: no authorisation
  kUnsupportedHmacIdentifier = 0x0105,  // RFC 4895
};

/// How a receiver treats an unknown chunk or parameter type: its two highest bits (RFC 9260 §3.2, §3.2.1).
/// "Stop" skips the rest of the packet after a chunk, and the rest of the parameters after a parameter.
enum class UnknownAction : std::uint8_t { kStop = 0, kStopAndReport = 1, kSkip = 2, kSkipAndReport = 3 };

/// The action for an unknown chunk type.
[[nodiscard]] constexpr UnknownAction unknown_chunk_action(std::uint8_t type) {
  return static_cast<UnknownAction>(type >> 6);
}
/// The action for an unknown parameter type.
[[nodiscard]] constexpr UnknownAction unknown_parameter_action(std::uint16_t type) {
  return static_cast<UnknownAction>(type >> 14);
}
/// Whether `action` skips the rest.
[[nodiscard]] constexpr bool stops(UnknownAction action) {
  return action == UnknownAction::kStop || action == UnknownAction::kStopAndReport;
}
/// Whether `action` requires a report to the sender.
[[nodiscard]] constexpr bool reports(UnknownAction action) {
  return action == UnknownAction::kStopAndReport || action == UnknownAction::kSkipAndReport;
}

/// Whether the chunk type is one of ChunkType, negotiated or not.
[[nodiscard]] bool is_known_chunk(std::uint8_t type);

/// The name as the RFCs write it ("COOKIE-ECHO"); "unknown" for other values.
[[nodiscard]] std::string_view to_string(ChunkType type);
/// The name as the RFCs write it; "unknown" for other values.
[[nodiscard]] std::string_view to_string(ParameterType type);
/// The name as the RFCs write it; "unknown" for other values.
[[nodiscard]] std::string_view to_string(CauseCode code);

}  // namespace hawser::sctp::wire
