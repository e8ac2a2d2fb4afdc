#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/status.hpp"
#include "daemon/config/config.hpp"
#include "daemon/hooks/publisher.hpp"
#include "daemon/peering/peer_connection.hpp"
#include "daemon/peering/restart_notice.hpp"
#include "daemon/platform.hpp"
#include "daemon/quota/quota_counter.hpp"
#include "daemon/status/rate_meter.hpp"
#include "daemon/uplinks/policies.hpp"
#include "daemon/uplinks/sockets.hpp"
#include "daemon/uplinks/uplinks.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/base/random.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "io/packet_device.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon {

/// One end of the tunnel, whole: sockets, endpoint, tunnel and connections, joined. Owns all of them but the
/// packet device; reads no clock and waits for nothing: its driver calls a handle_* function when something
/// is ready, and comes back at next_timeout(). After each of them everything that can leave has left.
class TunnelService {
 public:
  static constexpr Duration kTick = std::chrono::seconds(1);  ///< rates are sampled
  /// Interfaces are looked at when something changes: at most so often, as a host with many routes may have
  /// thousands of changes at once, and at least so often, in case that nobody told of one.
  static constexpr Duration kMinRefreshInterval = std::chrono::milliseconds(50);
  static constexpr Duration kMaxRefreshInterval = std::chrono::seconds(10);
  static constexpr Duration kStopTime = std::chrono::seconds(3);  ///< for graceful shutdown, then ABORT
  /// Batches taken from one source before the others get their turn.
  static constexpr int kRounds = 4;

  /// `protection` is what the configuration names (load_keys). All references outlive the node.
  TunnelService(const config::Config& config, sctp::SecurityConfig protection, Platform& host,
                io::PacketDevice& device, RandomSource& random);

  /// Opens the listening sockets (throws io::SetupError) and begins to call peers.
  void start(Timestamp now);
  void handle_socket(Timestamp now, SocketId id);
  void handle_device(Timestamp now);
  void handle_timeout(Timestamp now);
  /// Something about interfaces, addresses or routes may be different now.
  void handle_links_changed(Timestamp now);
  /// The answer to Platform::resolve().
  void handle_addresses(Timestamp now, tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses);

  /// Begins to shut all associations down; a second call aborts them at once.
  void stop(Timestamp now);
  [[nodiscard]] bool stopped() const { return stop_state_ == StopState::stopped; }

  /// Whether it calls peers; if not, it has no uplinks.
  [[nodiscard]] bool is_edge() const { return !connections_.empty(); }
  /// Changes what an uplink may carry; the error is for people.
  Result<control::PathChange, control::ParseError> set_path(Timestamp now,
                                                            const control::PathSetting& setting);

  [[nodiscard]] Timestamp next_timeout() const;
  [[nodiscard]] control::Status status(Timestamp now) const;

 private:
  enum class StopState : std::uint8_t { running, stopping, stopped };

  void drain(Timestamp now);
  bool handle_events(Timestamp now);
  void log_event(const sctp::Event& event) const;
  void log_end(const sctp::Event& event) const;
  [[nodiscard]] std::string peer_name_of(sctp::AssociationId id) const;
  [[nodiscard]] bool is_up(sctp::AssociationId id) const;
  void transmit(Timestamp now);
  void tick(Timestamp now);
  void refresh_uplinks(Timestamp now);
  [[nodiscard]] bool learn_remotes(tunnel::PeerIndex peer, const std::vector<UdpAddress>& addresses);
  void count_quotas(Timestamp now);
  [[nodiscard]] bool is_hub() const { return !config_.interface.listen.empty(); }
  void send_restart_notices(Timestamp now);
  void collect_locations(const sctp::AssociationStatus& status,
                         std::vector<peering::PeerLocation>& locations) const;
  void abort_all(Timestamp now);
  void finish(Timestamp now);
  void request_addresses(Timestamp now, tunnel::PeerIndex peer);

  // status.cpp
  void describe_peers(control::Status& status) const;
  void describe_sockets(control::Status& status) const;
  void describe_associations(Timestamp now, control::Status& status) const;
  [[nodiscard]] control::Uplink describe_uplink(const uplinks::Uplinks::Uplink& uplink) const;
  void describe_missing(Timestamp now, sctp::AssociationId id, control::Association& out) const;
  [[nodiscard]] control::Path describe_path(Timestamp now, sctp::AssociationId id,
                                            const sctp::PathStatus& path) const;

  config::Config config_;
  Platform& platform_;
  io::PacketDevice& device_;
  crypto::PublicKey public_key_;
  BufferPool pool_;
  sctp::Endpoint endpoint_;
  tunnel::Tunnel tunnel_;
  uplinks::Sockets sockets_;
  uplinks::Uplinks uplinks_;
  uplinks::PathPolicies policies_;
  quota::QuotaCounter quotas_;
  std::vector<std::unique_ptr<peering::PeerConnection>> connections_;
  hooks::HookPublisher hook_publisher_;
  status::RateMeter rates_;
  peering::RestartNotice restart_notice_;
  TransmitBatch batch_;
  Timestamp now_{};  ///< of the call in progress, for what connections ask from within
  Timestamp started_{};
  Timestamp next_tick_ = kNever;
  Timestamp last_refresh_{};  ///< at the interfaces
  Timestamp next_refresh_ = kNever;
  std::map<tunnel::PeerIndex, std::vector<IpAddress>> remotes_;  ///< where peers are, as far as known
  StopState stop_state_ = StopState::running;
  Timestamp stop_by_ = kNever;
};

}  // namespace hawser::daemon
