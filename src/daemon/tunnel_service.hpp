#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "control/message.hpp"
#include "daemon/config/changes.hpp"
#include "daemon/config/config.hpp"
#include "daemon/event_hold.hpp"
#include "daemon/event_log.hpp"
#include "daemon/hooks/publisher.hpp"
#include "daemon/peering/peer_connections.hpp"
#include "daemon/peering/restart_notifier.hpp"
#include "daemon/platform.hpp"
#include "daemon/quota/quota_enforcer.hpp"
#include "daemon/status/rate_meter.hpp"
#include "daemon/uplinks/policies.hpp"
#include "daemon/uplinks/refresh_timer.hpp"
#include "daemon/uplinks/sockets.hpp"
#include "daemon/uplinks/uplinks.hpp"
#include "hawser/base/buffer.hpp"
#include "hawser/base/random.hpp"
#include "hawser/sctp/endpoint.hpp"
#include "io/packet_device.hpp"
#include "tunnel/tunnel.hpp"

namespace hawser::daemon {

/// One end of a tunnel without I/O: moves datagrams between sockets and endpoint, packets between device and
/// tunnel, and events to their listeners. Owns the endpoint, the tunnel, the sockets and the connections, but
/// not the packet device. Reads no clock and never waits: its user calls a handle_* function when something
/// is ready, and handle_timeout() at next_timeout(). When a call returns, everything that can be sent has
/// been sent.
class TunnelService {
 public:
  /// Interval of rate samples and quota counts.
  static constexpr Duration kTick = std::chrono::seconds(1);
  /// Time for a graceful shutdown; then ABORT.
  static constexpr Duration kStopTime = std::chrono::seconds(3);
  /// Batches that one call takes from one source, so that the other sources get their turn.
  static constexpr int kRounds = 4;

  /// `security` holds the keys that the configuration names (load_keys). All references outlive the service.
  TunnelService(const config::Config& config, sctp::SecurityConfig security, Platform& platform,
                io::PacketDevice& device, RandomSource& random);

  // --- commands

  /// Opens the listening sockets (throws io::SetupError) and starts to connect to the peers.
  void start(Timestamp now);
  /// Begins to shut all associations down; a second call aborts them immediately.
  void stop(Timestamp now);
  /// Replaces the peers: adds, ends and changes those of `changes`, and leaves the associations of all others
  /// alone. `keys` holds the keys of all peers (load_peer_keys).
  void set_peers(Timestamp now, const config::Changes& changes, std::vector<sctp::ProtectedPeer> keys);
  /// Changes what an uplink may carry. The error is for people.
  Result<control::PathChange, control::ParseError> set_path(Timestamp now,
                                                            const control::PathSetting& setting);

  // --- input

  /// The socket is readable.
  void handle_socket(Timestamp now, SocketId id);
  /// The packet device is readable.
  void handle_device(Timestamp now);
  /// Time has passed: does what is due.
  void handle_timeout(Timestamp now);
  /// Interfaces, addresses or routes may have changed.
  void handle_links_changed(Timestamp now);
  /// An answer to Platform::resolve(); there may be several.
  void handle_name_answer(Timestamp now, const NameAnswer& answer);

  /// For developers: see sctp::Endpoint::set_packet_observer().
  void set_packet_observer(sctp::PacketObserver* observer) { endpoint_.set_packet_observer(observer); }

  // --- getters

  /// When to call handle_timeout(), or kNever.
  [[nodiscard]] Timestamp next_timeout() const;
  /// Whether stop() has completed.
  [[nodiscard]] bool stopped() const { return stop_state_ == StopState::stopped; }
  /// The configuration with the peers of now.
  [[nodiscard]] const config::Config& config() const { return config_; }
  /// This end's public key.
  [[nodiscard]] const crypto::PublicKey& public_key() const { return public_key_; }
  /// Whether it connects to peers; otherwise it has no uplinks.
  [[nodiscard]] bool is_edge() const { return !connections_.empty(); }
  /// The indices of the interfaces that are uplinks now.
  [[nodiscard]] std::vector<int> uplink_interfaces() const;
  /// The answer to the control request "status", without the counters of hooks and the state of the device in
  /// the host's network.
  [[nodiscard]] control::Status status(Timestamp now) const;

 private:
  enum class StopState : std::uint8_t { running, stopping, stopped };

  void drain(Timestamp now);
  bool handle_events(Timestamp now);
  void handle_event(Timestamp now, const sctp::Event& event);
  void report_lasting_events(Timestamp now);
  void transmit(Timestamp now);
  void open_listening_sockets();
  void tick(Timestamp now);
  void refresh_uplinks(Timestamp now);
  void send_restart_notices(Timestamp now);
  void abort_all(Timestamp now);
  void finish(Timestamp now);

  config::Config config_;
  Platform& platform_;
  io::PacketDevice& device_;
  crypto::PublicKey public_key_;
  BufferPool pool_;
  sctp::Endpoint endpoint_;
  tunnel::Tunnel tunnel_;
  uplinks::Sockets sockets_;
  uplinks::Uplinks uplinks_;
  uplinks::RefreshTimer refresh_timer_;
  uplinks::PathPolicies policies_;
  quota::QuotaEnforcer quotas_;
  peering::PeerConnections connections_;
  std::optional<peering::RestartNotifier> restart_notifier_;  ///< of a hub
  hooks::HookPublisher hook_publisher_;
  EventLog event_log_;
  EventHold event_hold_;
  status::RateMeter rates_;
  TransmitBatch batch_;
  Timestamp started_{};
  Timestamp next_tick_ = kNever;
  StopState stop_state_ = StopState::running;
  Timestamp stop_by_ = kNever;
};

}  // namespace hawser::daemon
