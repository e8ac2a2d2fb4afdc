#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "hawser/base/random.hpp"
#include "sctp/path/path_table.hpp"
#include "sctp/wire/heartbeat.hpp"

namespace hawser::sctp::path {

/// A path MTU probe that is due: a HEARTBEAT with `info` and a PAD chunk that fill `size` bytes of UDP
/// payload (RFC 8899 §6.2.1, RFC 4820).
struct MtuProbe {
  /// Size of the Heartbeat Info: path id and nonce. It differs from the size of a path validation HEARTBEAT,
  /// which distinguishes the two.
  static constexpr std::size_t kInfoSize = 4 + 8;

  PathId path;
  std::size_t size = 0;
  std::uint64_t nonce = 0;

  /// The Heartbeat Info of the probe.
  [[nodiscard]] std::array<std::byte, kInfoSize> info() const;
};

/// Runs the path MTU searches of all paths (RFC 8899). A probe is independent of path validation: both may be
/// outstanding on a path, and a lost probe is no path error. Owns no state: the search of a path is in the
/// path. Builds no packet.
class MtuProber {
 public:
  /// Both arguments outlive it.
  MtuProber(PathTable& paths, RandomSource& random) : paths_(paths), random_(random) {}

  /// Whether a HEARTBEAT ACK answers a probe and not a path validation HEARTBEAT.
  [[nodiscard]] static bool is_probe_ack(const wire::HeartbeatChunk& chunk);
  /// A HEARTBEAT ACK for which is_probe_ack() is true. It has to arrive on the path that the probe took, or
  /// in a record of that path, see Migration::home_of(). False: it answers no outstanding probe.
  [[nodiscard]] bool on_probe_ack(Timestamp now, const Route& route, PathId home,
                                  const wire::HeartbeatChunk& chunk);
  /// Handles lost probes and raise timers.
  void on_timeout(Timestamp now);
  /// The next deadline of any search; kNever: none.
  [[nodiscard]] Timestamp next_timeout() const;

  /// RFC 8899 §4.3: verifies the size of `path` after `enough` suspicious losses.
  static void look_for_black_hole(Path& path, unsigned enough = kSuspiciousLosses);

  /// A path whose probe is due; null: none.
  [[nodiscard]] Path* due_path() const;
  /// The probe that is due on `path`, which is due_path(), with a new nonce.
  [[nodiscard]] MtuProbe start_probe(const Path& path);
  /// `probe` has left on `path`.
  static void on_probe_sent(Path& path, const MtuProbe& probe, Timestamp now);

 private:
  /// Losses of packets of one size class, while smaller ones arrive, that suggest a black hole.
  static constexpr unsigned kSuspiciousLosses = 3;

  PathTable& paths_;
  RandomSource& random_;
};

}  // namespace hawser::sctp::path
