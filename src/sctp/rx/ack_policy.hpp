#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/time.hpp"
#include "hawser/sctp/types.hpp"

namespace hawser::sctp::rx {

/// Decides when acknowledgements leave, and for which paths. Owns the deadlines and what has arrived since
/// the last acknowledgement; never reads DATA, never sends, never chooses among paths.
///
/// Packets that are not sealed are acknowledged as RFC 9260 §6.2 has it: at least every second one, and after
/// sack_delay. Sealed ones are acknowledged by rate, so that acknowledgements need about 1 % of what they
/// acknowledge:
/// - after 16 packets;
/// - after an eighth of the round trip, at most 5 ms, if that many bytes have arrived; otherwise after a
///   quarter of it, at most sack_delay;
/// - immediately: the first packets of a path and after a pause; a packet whose SACK is urgent; and packets
///   after a record of the path that is missing, because it was probably lost. TSNs missing between paths are
///   normal.
/// An acknowledgement for all leaves on one of the paths that carried DATA. The others get one of their own
/// from time to time, which measures their round trip.
class AckPolicy {
 public:
  /// `sack_delay` is the longest delay of an acknowledgement. `max_paths` is the number of paths.
  AckPolicy(Duration sack_delay, std::size_t max_paths);

  /// A sealed packet with DATA.
  struct SealedPacket {
    PathId path;            ///< where it arrived
    Duration srtt{};        ///< of that path; zero: not measured yet
    std::size_t bytes = 0;  ///< of its datagram
    bool urgent = false;    ///< it is to be acknowledged immediately
    /// A record of its path before it has not arrived, or its DATA had arrived before: acknowledged
    /// immediately, as long as that is rare.
    bool irregular = false;
  };

  // --- input
  /// A packet with DATA that is not sealed.
  void on_packet(Timestamp now, PathId path, bool urgent);
  /// A sealed packet with DATA.
  void on_packet(Timestamp now, const SealedPacket& packet);
  /// Makes an acknowledgement due whose deadline has passed.
  void on_timeout(Timestamp now);
  /// Makes an acknowledgement due.
  void force() { due_ = true; }
  /// Acknowledgement chunks of `bytes` leave on `path`. While only the paths for which owes() holds get one,
  /// the acknowledgement for all stays pending: theirs may arrive much later.
  void on_sent(Timestamp now, PathId path, std::size_t bytes);
  /// No acknowledgement can leave on the paths for which owes() holds.
  void cancel_owed(Timestamp now);

  // --- output
  /// Whether an acknowledgement is to leave now, on any path.
  [[nodiscard]] bool due() const { return due_; }
  /// Whether a path is owed an acknowledgement of its own now.
  [[nodiscard]] bool any_owed() const { return owed_ != 0; }
  /// Whether `path` is owed an acknowledgement of its own now.
  [[nodiscard]] bool owes(PathId path) const;
  /// Whether there is DATA to acknowledge.
  [[nodiscard]] bool pending() const { return due_ || any_owed() || packets_ != 0; }
  /// Whether an acknowledgement of `bytes` is cheap enough to leave earlier than it is due, in a packet that
  /// leaves anyway.
  [[nodiscard]] bool may_leave_early(std::size_t bytes) const;
  /// When to call on_timeout(), or kNever.
  [[nodiscard]] Timestamp deadline() const;
  /// Whether DATA has arrived on `path` recently: an acknowledgement for all may leave there.
  [[nodiscard]] bool carried_data(PathId path) const;
  /// Whether an acknowledgement that leaves on `path` now is only what the path is owed.
  [[nodiscard]] bool only_owed(PathId path) const { return !due_ && owes(path); }
  /// The path on which the last acknowledgement for all left; kNoPath before any.
  [[nodiscard]] PathId common_path() const { return common_path_; }
  /// The path of the last DATA (RFC 9260 §6.4); kNoPath before any.
  [[nodiscard]] PathId last_path() const { return last_path_; }
  /// Packets with DATA since the last acknowledgement.
  [[nodiscard]] unsigned packets() const { return packets_; }
  /// The longest round trip of a path that carries DATA; zero: not known.
  [[nodiscard]] Duration longest_srtt() const;

 private:
  /// A path on which sealed packets with DATA arrive.
  struct Source {
    PathId path = kNoPath;
    Duration srtt{};
    Timestamp last_packet{};
    Timestamp last_own = Timestamp::min();  ///< when an acknowledgement left on this path
    Timestamp first_own = kNever;  ///< the earliest time for the next one; kNever: nothing has arrived since
    Timestamp own_at = kNever;     ///< when one is owed to this path
    std::size_t own_bytes = 0;     ///< received since last_own
    unsigned at_once = 0;          ///< packets that are still acknowledged immediately
    bool owed = false;
  };
  Source& source_of(PathId path);
  void plan(Timestamp now, Duration srtt);
  void plan_own(Timestamp now, Source& source);
  void allow_for_gap(Source& source);
  void owe(Source& source);
  void settle(Timestamp now, Source& source);

  Duration sack_delay_;
  std::size_t limit_;
  std::vector<Source> sources_;
  PathId last_path_ = kNoPath;
  PathId common_path_ = kNoPath;
  bool due_ = false;
  bool any_packet_ = false;
  bool sealed_ = false;  ///< the last packet was
  Timestamp last_packet_{};
  unsigned owed_ = 0;            ///< sources with `owed`
  unsigned packets_ = 0;         ///< since the last acknowledgement
  std::size_t bytes_ = 0;        ///< since the last acknowledgement
  std::size_t ack_size_;         ///< of the last acknowledgement with all headers
  std::size_t gap_credit_;       ///< bytes of acknowledgements that missing records may cause
  Timestamp early_ = kNever;     ///< the deadline once enough bytes have arrived
  Timestamp late_ = kNever;      ///< the deadline before that
  Timestamp deadline_ = kNever;  ///< the one of the two that counts
};

}  // namespace hawser::sctp::rx
