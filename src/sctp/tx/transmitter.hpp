#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

#include "hawser/sctp/config.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/path/scheduler.hpp"
#include "sctp/rx/receiver.hpp"
#include "sctp/tx/copies.hpp"
#include "sctp/tx/data_sender.hpp"
#include "sctp/tx/loss_recovery.hpp"
#include "sctp/tx/packet_writer.hpp"

namespace hawser::sctp::tx {

/// Fills batches with DATA and SACK chunks: chooses the path, keeps to its window, pacer and cap, and decides
/// which packet carries the SACK (RFC 9260 §6.1, §6.2, §6.4). Owns the scheduler. Never decides what to send:
/// the DataSender and the Receiver do.
class Transmitter {
 public:
  /// What it works on; all outlive it.
  struct Context {
    const EndpointConfig& config;
    path::PathTable& paths;
    DataSender& data;
    LossRecovery& recovery;
    PacketWriter& writer;
  };
  /// Creates the scheduler that the configuration selects.
  explicit Transmitter(const Context& context);

  /// The result of the handshake: whether SACKs are NR-SACKs, and the bytes of a packet with one DATA chunk
  /// without its user data and padding.
  void on_established(bool nr_sack, std::size_t chunk_overhead);
  /// Whether NR-SACKs were negotiated.
  [[nodiscard]] bool uses_nr_sack() const { return nr_sack_; }

  /// Fills `batch` for one path, or returns false: nothing may leave now. `may_send_data`: new or lost DATA
  /// may leave, not only SACKs.
  bool poll(Timestamp now, bool may_send_data, rx::Receiver& receiver, TransmitBatch& batch);
  /// When pacing or a cap lets the next packet leave; kNever: neither holds one back.
  [[nodiscard]] Timestamp pacing_deadline() const { return std::min(pacing_deadline_, copy_deadline_); }
  /// Resets pacing_deadline() to kNever, before the next poll().
  void clear_pacing_deadline() { pacing_deadline_ = copy_deadline_ = kNever; }
  /// The largest message that leaves in one chunk on every path that may carry data, bytes.
  [[nodiscard]] std::size_t unfragmented_size() const {
    return context_.paths.payload_mtu() - chunk_overhead_;
  }

 private:
  [[nodiscard]] std::size_t next_packet_size();
  [[nodiscard]] path::Path* pick_path(Timestamp now);
  [[nodiscard]] path::Path* sack_path(const rx::Receiver& receiver);
  PacketBuilder begin_alone(const path::Path& path, std::size_t room, TransmitBatch& batch) const;
  static std::size_t finish_alone(Timestamp now, path::Path& path, PacketBuilder& packet,
                                  TransmitBatch& batch);
  void on_data_alone(Timestamp now, path::Path& path, std::size_t size, Ecn field) const;
  void fill_batch(path::Path& path, Timestamp now, rx::Receiver* sack_from, TransmitBatch& batch);
  [[nodiscard]] Ecn ecn_of_data(path::Path& path) const;
  void note_ecn(path::Path& path, Ecn field) const;
  [[nodiscard]] bool worth_bundling(Timestamp now, const PacketBuilder& packet, const path::Path& path,
                                    const rx::Receiver& receiver);
  void add_sack(Timestamp now, const path::Path& path, PacketBuilder& packet, rx::Receiver& receiver) const;
  [[nodiscard]] rx::SackFormat sack_format(const path::Path& path) const;
  [[nodiscard]] bool may_carry_sack(const path::Path& path) const;
  bool poll_probe(Timestamp now, TransmitBatch& batch);
  [[nodiscard]] path::Path* path_for_copy(Timestamp now, const path::Path& original);
  bool poll_copies(Timestamp now, TransmitBatch& batch);
  void unblock_window(Timestamp now);
  void note_app_limited(Timestamp now);
  bool poll_forward_tsn(Timestamp now, TransmitBatch& batch);
  bool poll_sack(Timestamp now, rx::Receiver& receiver, TransmitBatch& batch);
  [[nodiscard]] wire::ChunkType sack_type() const;

  Context context_;
  std::unique_ptr<path::PathScheduler> scheduler_;
  Copies copies_;
  bool nr_sack_ = false;
  std::size_t chunk_overhead_ = 0;
  Timestamp copy_deadline_ = kNever;  ///< when pacing lets a copy leave
  Timestamp pacing_deadline_ = kNever;
};

}  // namespace hawser::sctp::tx
