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

  [[nodiscard]] ParameterReader parameter_reader() const { return ParameterReader(parameters); }
  static Parsed<ReconfigChunk> parse(const ChunkView& chunk);
  void write(ByteWriter& writer) const;
};

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

  static Parsed<OutgoingResetRequest> parse(const ParameterView& parameter);
  void write(ByteWriter& writer) const;
  static void write(ByteWriter& writer, const OutgoingResetRequest& fields,
                    std::span<const std::uint16_t> streams);
};

/// Incoming SSN Reset Request (14), RFC 6525 §4.2: request sequence number, streams. An empty list means all
/// streams.
struct IncomingResetRequest {
  std::uint32_t request_sequence = 0;
  StreamList streams{};

  static Parsed<IncomingResetRequest> parse(const ParameterView& parameter);
  void write(ByteWriter& writer) const;
  static void write(ByteWriter& writer, std::uint32_t request_sequence,
                    std::span<const std::uint16_t> streams);
};

/// SSN/TSN Reset Request (15), RFC 6525 §4.3: request sequence number.
struct SsnTsnResetRequest {
  std::uint32_t request_sequence = 0;

  static Parsed<SsnTsnResetRequest> parse(const ParameterView& parameter);
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

/// Re-configuration Response (16), RFC 6525 §4.4. The two TSNs come together or not at all.
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
  struct NextTsns {
    std::uint32_t sender = 0;
    std::uint32_t receiver = 0;
    friend bool operator==(const NextTsns&, const NextTsns&) = default;
  };
  std::uint32_t response_sequence = 0;
  ReconfigResult result = ReconfigResult::kNothingToDo;  ///< may hold a value that is none of the enumerators
  std::optional<NextTsns> next_tsns{};

  static Parsed<ReconfigResponse> parse(const ParameterView& parameter);
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

  static Parsed<AddStreamsRequest> parse(const ParameterView& parameter);
  void write(ByteWriter& writer) const;
};

}  // namespace hawser::sctp::wire
