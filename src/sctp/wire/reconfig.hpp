#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "hawser/base/bytes.hpp"
#include "sctp/wire/list.hpp"
#include "sctp/wire/packet.hpp"
#include "sctp/wire/parameter.hpp"
#include "sctp/wire/parse_error.hpp"

namespace hawser::sctp::wire {

/// RE-CONFIG (RFC 6525 §3.1):
///
///  +---------------+---------------+-------------------------------+
///  |  type = 130   |   flags = 0   |            length             |
///  +---------------+---------------+-------------------------------+
///  |                     one or two parameters                     |
///  +---------------------------------------------------------------+
struct ReconfigChunk {
  Bytes parameters{};

  /// Walks the parameters.
  [[nodiscard]] ParameterReader parameter_reader() const { return ParameterReader(parameters); }
  /// Parses a chunk of this type; borrows its bytes.
  static Parsed<ReconfigChunk> parse(const ChunkView& chunk);
  /// Appends the chunk.
  void write(ByteWriter& writer) const;
};

/// Stream identifiers, read in place.
using StreamList = WireList<std::uint16_t>;

/// Outgoing SSN Reset Request (13), RFC 6525 §4.1. An empty list means all streams.
///
///  +-------------------------------+-------------------------------+
///  |           type = 13           |            length             |
///  +-------------------------------+-------------------------------+
///  |                    request sequence number                    |
///  +---------------------------------------------------------------+
///  |                    response sequence number                   |
///  +---------------------------------------------------------------+
///  |                   sender's last assigned TSN                  |
///  +-------------------------------+-------------------------------+
///  |           stream 1            |              ...              |
///  +-------------------------------+-------------------------------+
struct OutgoingResetRequest {
  std::uint32_t request_sequence = 0;
  std::uint32_t response_sequence = 0;
  std::uint32_t last_assigned_tsn = 0;
  StreamList streams{};

  /// Parses a parameter of this type; borrows its bytes.
  static Parsed<OutgoingResetRequest> parse(const ParameterView& parameter);
  /// Appends the parameter.
  void write(ByteWriter& writer) const;
  /// Appends the parameter with list entries from memory.
  static void write(ByteWriter& writer, const OutgoingResetRequest& fields,
                    std::span<const std::uint16_t> streams);
};

/// Incoming SSN Reset Request (14), RFC 6525 §4.2: request sequence number, streams. An empty list means all
/// streams.
struct IncomingResetRequest {
  std::uint32_t request_sequence = 0;
  StreamList streams{};

  /// Parses a parameter of this type; borrows its bytes.
  static Parsed<IncomingResetRequest> parse(const ParameterView& parameter);
  /// Appends the parameter.
  void write(ByteWriter& writer) const;
  /// Appends the parameter with list entries from memory.
  static void write(ByteWriter& writer, std::uint32_t request_sequence,
                    std::span<const std::uint16_t> streams);
};

/// SSN/TSN Reset Request (15), RFC 6525 §4.3: request sequence number.
struct SsnTsnResetRequest {
  std::uint32_t request_sequence = 0;

  /// Parses a parameter of this type.
  static Parsed<SsnTsnResetRequest> parse(const ParameterView& parameter);
  /// Appends the parameter.
  void write(ByteWriter& writer) const;
};

/// Results of a re-configuration request (RFC 6525 §4.4).
enum class ReconfigResult : std::uint32_t {
  kNothingToDo = 0,
  kPerformed = 1,
  kDenied = 2,
  kWrongSsn = 3,
  kRequestAlreadyInProgress = 4,
  kBadSequenceNumber = 5,
  kInProgress = 6,
};

/// Re-configuration Response (16), RFC 6525 §4.4. Either both TSNs are present or neither is.
///
///  +-------------------------------+-------------------------------+
///  |           type = 16           |       length = 12 or 20       |
///  +-------------------------------+-------------------------------+
///  |                    response sequence number                   |
///  +---------------------------------------------------------------+
///  |                            result                             |
///  +---------------------------------------------------------------+
///  |                  sender's next TSN (optional)                 |
///  +---------------------------------------------------------------+
///  |                 receiver's next TSN (optional)                |
///  +---------------------------------------------------------------+
struct ReconfigResponse {
  /// The optional TSNs of the response to an SSN/TSN Reset Request.
  struct NextTsns {
    std::uint32_t sender = 0;
    std::uint32_t receiver = 0;
    friend bool operator==(const NextTsns&, const NextTsns&) = default;
  };
  std::uint32_t response_sequence = 0;
  ReconfigResult result = ReconfigResult::kNothingToDo;  ///< may be a value that is none of the enumerators
  std::optional<NextTsns> next_tsns{};

  /// Parses a parameter of this type.
  static Parsed<ReconfigResponse> parse(const ParameterView& parameter);
  /// Appends the parameter.
  void write(ByteWriter& writer) const;
};

/// Add Outgoing Streams (17) and Add Incoming Streams (18), RFC 6525 §4.5, §4.6:
///
///  +-------------------------------+-------------------------------+
///  |        type = 17 or 18        |          length = 12          |
///  +-------------------------------+-------------------------------+
///  |                    request sequence number                    |
///  +-------------------------------+-------------------------------+
///  |     number of new streams     |           reserved            |
///  +-------------------------------+-------------------------------+
struct AddStreamsRequest {
  bool incoming = false;
  std::uint32_t request_sequence = 0;
  std::uint16_t new_streams = 0;

  /// Parses a parameter of this type.
  static Parsed<AddStreamsRequest> parse(const ParameterView& parameter);
  /// Appends the parameter.
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
