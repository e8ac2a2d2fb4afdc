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

/// Sends control chunks: bundles what waits in the control queue into packets of one path each, the path MTU
/// probes, and the final packet of an association. Owns no chunk. Never decides what to say.
class ControlSender {
 public:
  struct Context {
    const EndpointConfig& config;
    BufferPool& pool;
    DropCounters& drops;
    RingQueue<control::Reply>& replies;
    path::PathTable& paths;
    control::ControlQueue& queue;
    PacketWriter& writer;
    DataSender& data;  ///< for what is bundled with a COOKIE ECHO
  };
  explicit ControlSender(const Context& context) : context_(context) {}

  /// One packet with all control chunks that take the same path, up to the size of a packet. False: none
  /// waits.
  bool poll(Timestamp now, TransmitBatch& batch);
  /// From now on DATA is bundled with the COOKIE ECHO (RFC 9260 §5.1 C).
  void bundle_data_with_cookie() { bundle_data_with_cookie_ = true; }
  /// A packet with one probe.
  void build_probe(path::Path& path, const path::MtuProbe& probe, Timestamp now, TransmitBatch& batch);
  /// The last packet of an association, or one that belongs to an older one: a single chunk, finished at
  /// once.
  void send_final_packet(Timestamp now, const Route& route, wire::ChunkType type, Bytes chunk,
                         VerificationTag tag);

  /// Finishes every packet of a batch. False: no record numbers are left for the path; the batch is lost.
  [[nodiscard]] bool finish(Timestamp now, TransmitBatch& batch);

 private:
  [[nodiscard]] const Route* route_of(const control::ControlChunk& chunk);
  bool fill(PacketBuilder& packet, const Route& route);
  [[nodiscard]] PacketBuilder begin(const Route& route, const control::ControlChunk& first,
                                    TransmitBatch& batch);
  [[nodiscard]] std::size_t safe_payload(const Route& route);
  void add_early_data(PacketBuilder& packet, Timestamp now);
  [[nodiscard]] path::RecordNumbers& record_numbers(const Route& route);

  Context context_;
  path::RecordNumbers pathless_record_;  ///< of answers to sources that are no path
  bool bundle_data_with_cookie_ = false;
};

}  // namespace hawser::sctp::tx
