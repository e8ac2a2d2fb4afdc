#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ring_queue.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/sctp/drop_reason.hpp"
#include "sctp/control/control_queue.hpp"
#include "sctp/control/reply.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/path/pmtu/prober.hpp"
#include "sctp/tx/data_sender.hpp"
#include "sctp/tx/packet_writer.hpp"
#include "sctp/wire/numbers.hpp"

namespace hawser::sctp::tx {

/// Builds the packets with control chunks: those of the control queue, bundled by path, the PMTU probes, and
/// the final packet of an association. Owns no chunk. Never decides which chunk to send.
class ControlSender {
 public:
  /// What it works on; all outlive it.
  struct Context {
    const EndpointConfig& config;
    BufferPool& pool;
    DropCounters& drops;
    RingQueue<control::Reply>& replies;
    path::PathTable& paths;
    control::ControlQueue& queue;
    PacketWriter& writer;
    DataSender& data;  ///< for DATA that is bundled with a COOKIE ECHO
  };
  /// Sends nothing before poll().
  explicit ControlSender(const Context& context) : context_(context) {}

  /// Fills `batch` with one packet of control chunks that take the same path. False: no chunk waits.
  bool poll(Timestamp now, TransmitBatch& batch);
  /// From now on DATA is bundled with the COOKIE ECHO (RFC 9260 §5.1 C).
  void bundle_data_with_cookie() { bundle_data_with_cookie_ = true; }
  /// Fills `batch` with one packet that contains `probe`.
  void build_probe(path::Path& path, const path::MtuProbe& probe, Timestamp now, TransmitBatch& batch);
  /// Queues a final packet, of this association or of an older one of the peer: a single chunk, finished
  /// immediately.
  void send_final_packet(Timestamp now, const Route& route, wire::ChunkType type, Bytes chunk,
                         VerificationTag tag);

  /// Finishes every packet of a batch. False: no record numbers are left for the path; the batch is lost.
  [[nodiscard]] bool finish(Timestamp now, TransmitBatch& batch);

 private:
  [[nodiscard]] const Route* route_of(const control::ControlChunk& chunk);
  /// What fill() moved into a packet.
  struct Filled {
    bool cookie_echo = false;
    std::size_t asked = 0;  ///< bytes of the datagrams that the chunks answer
  };
  Filled fill(PacketBuilder& packet, const Route& route);
  [[nodiscard]] PacketBuilder begin(const Route& route, const control::ControlChunk& first,
                                    TransmitBatch& batch);
  [[nodiscard]] std::size_t safe_payload(const Route& route);
  [[nodiscard]] bool add_early_data(PacketBuilder& packet, Timestamp now);
  [[nodiscard]] path::RecordNumbers& record_numbers(const Route& route);

  Context context_;
  path::RecordNumbers pathless_record_;  ///< for answers to sources that are not a path
  bool bundle_data_with_cookie_ = false;
};

}  // namespace hawser::sctp::tx
