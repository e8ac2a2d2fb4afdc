#include "sctp/wire/types.hpp"

namespace hawser::sctp::wire {

bool is_known_chunk(std::uint8_t type) {
  return to_string(static_cast<ChunkType>(type)) != "unknown";
}

std::string_view to_string(ChunkType type) {
  switch (type) {
    case ChunkType::kData: return "DATA";
    case ChunkType::kInit: return "INIT";
    case ChunkType::kInitAck: return "INIT-ACK";
    case ChunkType::kSack: return "SACK";
    case ChunkType::kHeartbeat: return "HEARTBEAT";
    case ChunkType::kHeartbeatAck: return "HEARTBEAT-ACK";
    case ChunkType::kAbort: return "ABORT";
    case ChunkType::kShutdown: return "SHUTDOWN";
    case ChunkType::kShutdownAck: return "SHUTDOWN-ACK";
    case ChunkType::kError: return "ERROR";
    case ChunkType::kCookieEcho: return "COOKIE-ECHO";
    case ChunkType::kCookieAck: return "COOKIE-ACK";
    case ChunkType::kEcne: return "ECNE";
    case ChunkType::kCwr: return "CWR";
    case ChunkType::kShutdownComplete: return "SHUTDOWN-COMPLETE";
    case ChunkType::kAuth: return "AUTH";
    case ChunkType::kNrSack: return "NR-SACK";
    case ChunkType::kIData: return "I-DATA";
    case ChunkType::kAsconfAck: return "ASCONF-ACK";
    case ChunkType::kReconfig: return "RE-CONFIG";
    case ChunkType::kSealed: return "SEALED";
    case ChunkType::kHandshakeMac: return "HANDSHAKE-MAC";
    case ChunkType::kPad: return "PAD";
    case ChunkType::kPathAck: return "PATH-ACK";
    case ChunkType::kForwardTsn: return "FORWARD-TSN";
    case ChunkType::kAsconf: return "ASCONF";
    case ChunkType::kIForwardTsn: return "I-FORWARD-TSN";
  }
  return "unknown";
}

std::string_view to_string(ParameterType type) {
  switch (type) {
    case ParameterType::kHeartbeatInfo: return "Heartbeat Info";
    case ParameterType::kIpv4Address: return "IPv4 Address";
    case ParameterType::kIpv6Address: return "IPv6 Address";
    case ParameterType::kStateCookie: return "State Cookie";
    case ParameterType::kUnrecognizedParameter: return "Unrecognized Parameter";
    case ParameterType::kCookiePreservative: return "Cookie Preservative";
    case ParameterType::kHostNameAddress: return "Host Name Address";
    case ParameterType::kSupportedAddressTypes: return "Supported Address Types";
    case ParameterType::kOutgoingSsnReset: return "Outgoing SSN Reset Request";
    case ParameterType::kIncomingSsnReset: return "Incoming SSN Reset Request";
    case ParameterType::kSsnTsnReset: return "SSN/TSN Reset Request";
    case ParameterType::kReconfigResponse: return "Re-configuration Response";
    case ParameterType::kAddOutgoingStreams: return "Add Outgoing Streams Request";
    case ParameterType::kAddIncomingStreams: return "Add Incoming Streams Request";
    case ParameterType::kEcnCapable: return "ECN Capable";
    case ParameterType::kZeroChecksumAcceptable: return "Zero Checksum Acceptable";
    case ParameterType::kRandom: return "Random";
    case ParameterType::kChunkList: return "Chunk List";
    case ParameterType::kRequestedHmacAlgorithm: return "Requested HMAC Algorithm";
    case ParameterType::kPadding: return "Padding";
    case ParameterType::kSupportedExtensions: return "Supported Extensions";
    case ParameterType::kProtection: return "Protection";
    case ParameterType::kAccess: return "Access";
    case ParameterType::kForwardTsnSupported: return "Forward TSN Supported";
    case ParameterType::kAddIpAddress: return "Add IP Address";
    case ParameterType::kDeleteIpAddress: return "Delete IP Address";
    case ParameterType::kErrorCauseIndication: return "Error Cause Indication";
    case ParameterType::kSetPrimaryAddress: return "Set Primary Address";
    case ParameterType::kSuccessIndication: return "Success Indication";
    case ParameterType::kAdaptationIndication: return "Adaptation Layer Indication";
  }
  return "unknown";
}

std::string_view to_string(CauseCode code) {
  switch (code) {
    case CauseCode::kInvalidStreamIdentifier: return "Invalid Stream Identifier";
    case CauseCode::kMissingMandatoryParameter: return "Missing Mandatory Parameter";
    case CauseCode::kStaleCookie: return "Stale Cookie";
    case CauseCode::kOutOfResource: return "Out of Resource";
    case CauseCode::kUnresolvableAddress: return "Unresolvable Address";
    case CauseCode::kUnrecognizedChunkType: return "Unrecognized Chunk Type";
    case CauseCode::kInvalidMandatoryParameter: return "Invalid Mandatory Parameter";
    case CauseCode::kUnrecognizedParameters: return "Unrecognized Parameters";
    case CauseCode::kNoUserData: return "No User Data";
    case CauseCode::kCookieReceivedWhileShuttingDown: return "Cookie Received While Shutting Down";
    case CauseCode::kRestartWithNewAddresses: return "Restart of an Association with New Addresses";
    case CauseCode::kUserInitiatedAbort: return "User-Initiated Abort";
    case CauseCode::kProtocolViolation: return "Protocol Violation";
    case CauseCode::kDeleteLastAddress: return "Request to Delete Last Remaining IP Address";
    case CauseCode::kResourceShortage: return "Operation Refused Due to Resource Shortage";
    case CauseCode::kDeleteSourceAddress: return "Request to Delete Source IP Address";
    case CauseCode::kIllegalAsconfAck: return "Association Aborted Due to Illegal ASCONF-ACK";
    case CauseCode::kRequestRefused: return "Request Refused - No Authorization";
    case CauseCode::kUnsupportedHmacIdentifier: return "Unsupported HMAC Identifier";
  }
  return "unknown";
}

}  // namespace hawser::sctp::wire
