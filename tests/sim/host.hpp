#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hawser/sctp/endpoint.hpp"
#include "sim/event_queue.hpp"
#include "sim/link.hpp"
#include "sim/nat.hpp"
#include "sim/sim_random.hpp"
#include "sim/violations.hpp"
#include "sim/wire_monitor.hpp"
#include "trace/endpoint_trace.hpp"

namespace hawser::sim {

/// One local address of a host, and the NAT and links between it and the core of the network. The World owns
/// it.
struct Access {
  SocketId socket;
  UdpAddress local;            ///< the address of the host on this access now
  bool readdressed = false;    ///< `local` was another address before, which the host no longer has
  Nat* nat = nullptr;          ///< may be shared by several accesses; nullptr: `local` is public
  std::unique_ptr<Link> up;    ///< from the host to the NAT or the core
  std::unique_ptr<Link> down;  ///< from the core or the NAT to the host
  /// An attacker between NAT and core. It sees every datagram of this access with its public addresses; it
  /// returns true to take the datagram. `outward`: from the host.
  std::function<bool(bool outward, SimDatagram& datagram)> on_path;
};

/// The keys of a protected host, as the numbers that they are derived from: the same keys in every run.
struct Identity {
  std::uint64_t key = 0;
  std::vector<std::uint64_t> peers;  ///< the numbers of the peers' keys; connect() uses the first
  std::optional<std::uint64_t> preshared_key;
  std::optional<Duration> rekey_after;
  /// Scenarios renew keys more often than users do.
  Duration least_rekey_interval = std::chrono::seconds(1);
};
/// The private key that belongs to `number`.
[[nodiscard]] crypto::PrivateKey private_key_of(std::uint64_t number);
/// The security configuration of `identity`.
[[nodiscard]] sctp::SecurityConfig security_of(const Identity& identity);

/// How a simulated host uses its endpoint.
struct HostOptions {
  /// Datagrams that arrive within this time are passed to the endpoint together, as after recvmmsg().
  Duration batching{};
  /// Routes contain the wildcard as local address, as those of a user whose sockets are bound to devices.
  bool wildcard_local = false;
  /// With keys, the host accepts only protected SCTP.
  std::optional<Identity> identity;
};

/// The user of one sctp::Endpoint: passes input to it, polls it after every call until there is no output,
/// and arms ONE timer.
///
///    links ──► inbox ──► handle_datagrams ─┐                       ┌─► poll_transmit ──► links
///    timer ────────────► handle_timeout ───┼──► Endpoint ──► poll ─┼─► poll_event ─────► on_event
///    test ─────────────► run(command) ─────┘    until quiet        └─► poll_message ───► on_message
///                                                                      (unless paused)
///
/// Owns the endpoint, its buffer pool and its random numbers. Checks that the endpoint's timers advance and
/// stop, that its output ends, and that its memory is bounded. Never modifies a payload.
class Host {
 public:
  Host(EventQueue& events, Violations& violations, std::string name, const sctp::EndpointConfig& config,
       const HostOptions& options, std::uint64_t seed);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::function<void(const sctp::Event&)> on_event;
  std::function<void(sctp::ReceivedMessage&&)> on_message;
  /// Replaces on_message: the user's work in each round of drain(), which reads all messages itself and may
  /// send. Returns whether there may be more to transmit.
  std::function<bool()> on_round;
  /// on_round has delivered something: a timer that leads to it is not idle.
  void count_output() { ++outputs_; }
  /// Observes every datagram that is sent (before any link) or delivered.
  std::function<void(const Access&, const SimDatagram&)> on_sent;
  std::function<void(const Access&, const SimDatagram&)> on_delivered;
  /// Returns true to drop the datagram before its link.
  std::function<bool(const Access&, const SimDatagram&)> drop_if;

  /// Adds an access; the World keeps owning it.
  void attach(Access& access) { accesses_.push_back(&access); }
  /// A datagram arrives over `access`.
  void deliver(const Access& access, SimDatagram&& datagram);

  // Commands of the endpoint. Each one polls the endpoint until there is no output.
  sctp::AssociationId connect(std::size_t access, const UdpAddress& remote);
  std::optional<sctp::PathId> add_path(sctp::AssociationId id, std::size_t access, const UdpAddress& remote);
  bool remove_path(sctp::AssociationId id, sctp::PathId path);
  sctp::SendResult send(sctp::AssociationId id, Buffer&& message, const sctp::SendOptions& options);
  void shutdown(sctp::AssociationId id);
  void abort(sctp::AssociationId id, std::string_view reason);
  void probe_path(sctp::AssociationId id, sctp::PathId path);
  void move_path(sctp::AssociationId id, sctp::PathId path);
  /// Writes every packet of this host, in clear text; `log` outlives the host.
  void trace_packets(trace::PacketLog& log);
  /// Simulates a power failure: all state is lost, addresses and ports stay.
  void restart();

  /// While paused, received messages stay in the engine, so that its receive window closes.
  void pause_reading(bool paused);
  /// Polls the endpoint until there is no output. For tests that call the endpoint directly.
  void drain();

  [[nodiscard]] sctp::Endpoint& endpoint() { return *endpoint_; }
  [[nodiscard]] BufferPool& pool() { return pool_; }
  [[nodiscard]] WireMonitor& monitor() { return monitor_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const sctp::EndpointConfig& config() const { return config_; }
  [[nodiscard]] Access& access(std::size_t index) { return *accesses_.at(index); }
  [[nodiscard]] Timestamp now() const { return events_.now(); }
  [[nodiscard]] std::uint64_t timeouts() const { return timeouts_; }
  [[nodiscard]] std::uint64_t datagrams_sent() const { return datagrams_sent_; }
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  /// Datagrams from an address that the host had earlier, which its kernel therefore refuses.
  [[nodiscard]] std::uint64_t datagrams_refused() const { return datagrams_refused_; }
  /// The highest number of buffers in use at one time.
  [[nodiscard]] std::size_t max_blocks() const { return max_blocks_; }
  [[nodiscard]] Route route(std::size_t access, const UdpAddress& remote) const;

  [[nodiscard]] bool is_protected() const { return options_.identity.has_value(); }

 private:
  struct Arrived {
    const Access* access;
    SimDatagram datagram;
  };
  [[nodiscard]] std::unique_ptr<sctp::Endpoint> make_endpoint();
  [[nodiscard]] std::optional<sctp::PathState> path_state(SocketId socket, const UdpAddress& remote) const;
  void flush_inbox();
  [[nodiscard]] bool transmit_all();
  void transmit(const TransmitBatch& batch);
  [[nodiscard]] const Access* access_for(const Route& route) const;
  [[nodiscard]] bool had_address_of(const Route& route) const;
  [[nodiscard]] bool poll_events();
  [[nodiscard]] bool poll_messages();
  void arm();
  void on_timer();
  void watch_timers(bool idle);
  void fail(const std::string& what) { violations_.add(events_.now(), name_ + " " + what); }

  EventQueue& events_;
  Violations& violations_;
  std::string name_;
  sctp::EndpointConfig config_;
  HostOptions options_;
  SimRandom random_;
  BufferPool pool_;
  std::unique_ptr<trace::EndpointTrace> packet_trace_;  ///< outlives the endpoint, which reports to it
  std::unique_ptr<sctp::Endpoint> endpoint_;
  WireMonitor monitor_;
  std::set<sctp::AssociationId> associations_;  ///< ids seen so far, for queries of path states
  std::vector<Access*> accesses_;
  std::vector<Arrived> inbox_;
  std::vector<Arrived> handling_;
  std::vector<ReceivedDatagram> received_;
  TransmitBatch batch_;
  Timestamp armed_ = kNever;
  bool draining_ = false;
  bool paused_ = false;
  std::uint64_t timeouts_ = 0;
  std::uint64_t datagrams_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t datagrams_refused_ = 0;
  std::uint64_t outputs_ = 0;  ///< datagrams, events and messages polled
  std::size_t max_blocks_ = 0;
  Timestamp window_start_{};
  std::uint64_t window_idle_ = 0;
  std::uint64_t window_timeouts_ = 0;
};

}  // namespace hawser::sim
