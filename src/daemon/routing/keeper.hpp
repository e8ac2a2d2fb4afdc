#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/routing/piece.hpp"
#include "hawser/base/time.hpp"

namespace hawser::daemon::routing {

/// Decides what is done about pieces that are missing or left over, and what is logged about it. Owns the
/// history of each wanted piece. Does no I/O and reads no clock.
class Keeper {
 public:
  /// A piece that could not be added is tried again after this time.
  static constexpr Duration kRetry = std::chrono::seconds(1);
  /// A piece that was removed more often than kMaxRestores times within this time is contested.
  static constexpr Duration kContest = std::chrono::seconds(10);
  static constexpr int kMaxRestores = 5;
  /// A contested piece is tried again after this time, and no longer contested if it then stays as long.
  static constexpr Duration kTruce = std::chrono::seconds(30);
  /// Losses are logged in one line for this time.
  static constexpr Duration kFold = std::chrono::seconds(1);

  /// What to do now, in this order.
  struct Orders {
    std::vector<Piece> remove;
    std::vector<Piece> add;
    [[nodiscard]] bool empty() const { return remove.empty() && add.empty(); }
  };
  /// A wanted piece that does not exist.
  struct Missing {
    std::string piece;
    std::string reason;
  };

  /// `interface` is the name of the tunnel's interface, for the log.
  explicit Keeper(std::string interface) : interface_(std::move(interface)) {}

  /// Compares the wanted pieces with those that exist. While the interface is down, its state is the only
  /// order, because the kernel then refuses routes; call again after it.
  [[nodiscard]] Orders compare(Timestamp now, const std::vector<Piece>& wanted,
                               const std::vector<Piece>& actual);
  /// An ordered piece could not be added.
  void on_failure(Timestamp now, const Piece& piece, const std::string& reason);
  /// The lines to log now.
  [[nodiscard]] std::vector<std::string> poll_log(Timestamp now);

  /// When to compare again though no change was reported; kNever: no need.
  [[nodiscard]] Timestamp next_timeout() const;
  /// The wanted pieces that do not exist, in the order of their names.
  [[nodiscard]] std::vector<Missing> missing() const;

 private:
  /// The history of a wanted piece.
  struct Entry {
    bool present = false;  ///< at the last comparison
    bool lost = false;     ///< it existed, and was removed by another program
    bool blocked = false;  ///< missing, and cannot be added while the interface is down
    bool contested = false;
    int restores = 0;  ///< since `since`
    Timestamp since{};
    Timestamp retry_at{};   ///< while it is missing
    std::string problem{};  ///< why it is missing
    bool seen = false;      ///< wanted in the current comparison
  };

  void note_present(Timestamp now, Entry& entry);
  void note_missing(Timestamp now, const std::string& name, Entry& entry);
  void forget_unwanted();

  std::string interface_;
  std::map<std::string, Entry> entries_;  ///< by to_string(piece)
  std::vector<std::string> losses_;       ///< not logged yet
  std::vector<std::string> failures_;     ///< names, not logged yet
  std::vector<std::string> contests_;     ///< names, not logged yet
  Timestamp next_log_{};
};

}  // namespace hawser::daemon::routing
