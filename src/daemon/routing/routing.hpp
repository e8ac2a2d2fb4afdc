#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/status.hpp"
#include "daemon/config/config.hpp"
#include "daemon/routing/keeper.hpp"
#include "daemon/routing/surroundings.hpp"
#include "hawser/base/time.hpp"
#include "io/netlink/route_table.hpp"

namespace hawser::daemon::routing {

/// Keeps the addresses, routes and rules of a tunnel as they should be, whatever other programs do. Does the
/// I/O for the Keeper, and decides when the host is examined. Reads no clock. The pieces of the interface
/// disappear with it; those of the kill switch stay when this object is destroyed.
class Routing {
 public:
  /// A burst of changes is over after this time, as a rule.
  static constexpr Duration kSettle = std::chrono::milliseconds(20);
  /// Between two examinations; more when one takes long, see on_examined().
  static constexpr Duration kMinInterval = std::chrono::milliseconds(200);
  /// Without a change, in case that one was not reported.
  static constexpr Duration kMaxInterval = std::chrono::seconds(10);

  /// `own`: index of the tunnel's interface. The configuration outlives this object.
  Routing(const config::Config& config, int own);

  /// Something about interfaces, addresses, routes or rules may have changed.
  void on_change(Timestamp now);
  /// Examines the host if that is due, and restores what is missing. `uplinks` are the interfaces that are
  /// uplinks now. Throws io::SetupError only in the first call.
  void handle_timeout(Timestamp now, std::vector<int> uplinks);
  /// The end of handle_timeout(): examinations take at most a twentieth of the time.
  void on_examined(Timestamp begin, Timestamp end);

  [[nodiscard]] Timestamp next_timeout() const;
  /// Sets what the interface has, what is missing, and what is in the way.
  void describe(control::Interface& out) const;

 private:
  void examine(Timestamp now);
  bool correct(Timestamp now);
  void add(Timestamp now, const Piece& piece);
  void remove(const Piece& piece);
  void look_for_conflicts(Timestamp now);
  void log(Timestamp now);
  [[nodiscard]] std::optional<std::string> holder_of(const io::netlink::RouteSpec& route);

  const config::Config& config_;
  io::netlink::RouteTable table_;
  Keeper keeper_;
  Surroundings around_;
  std::vector<std::string> conflicts_;
  Timestamp last_{};
  Timestamp next_{};
  Timestamp next_conflicts_{};
  Duration interval_ = kMinInterval;
  bool begun_ = false;
};

/// Adds what is missing of the kill switch while no hawserd runs, and returns what was added. All interfaces
/// count as uplinks; the daemon knows better when it starts. Throws io::SetupError.
std::vector<std::string> set_kill_switch(const config::Config& config);

/// Removes the kill switch of the tunnel, and returns what was removed. Throws io::SetupError.
std::vector<std::string> lift_kill_switch(const config::Config& config);

/// What is in the way of the tunnel's routes on this host now, for `hawserd --check`. Throws io::SetupError.
[[nodiscard]] std::vector<std::string> find_conflicts(const config::Config& config);

}  // namespace hawser::daemon::routing
