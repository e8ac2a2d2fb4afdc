#include "daemon/event_loop.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "control/message.hpp"
#include "daemon/config/changes.hpp"
#include "daemon/config/key_loader.hpp"
#include "daemon/config/loader.hpp"
#include "daemon/control/control_server.hpp"
#include "daemon/developer_trace.hpp"
#include "daemon/hooks/runner.hpp"
#include "daemon/name_routes.hpp"
#include "daemon/names/resolver.hpp"
#include "daemon/notify.hpp"
#include "daemon/routing/routing.hpp"
#include "daemon/tunnel_service.hpp"
#include "daemon/watchdog.hpp"
#include "hawser/crypto/random.hpp"
#include "io/netlink/link_monitor.hpp"
#include "io/tun/tun_device.hpp"

namespace hawser::daemon {
namespace {

namespace asio = boost::asio;

// The engine's time: the time since boot. It includes suspended time, so that every timer is due after a
// suspension.
Timestamp read_clock() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return Timestamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// Calls a function whenever a descriptor is readable. Does not own the descriptor.
class ReadableWatch {
 public:
  /// `ready` must not destroy the watch that calls it. After each call the watch pauses for so long, so that
  /// what arrives in a burst is read together.
  ReadableWatch(asio::io_context& context, int descriptor, std::function<void()> ready,
                std::chrono::milliseconds pause = {})
      : descriptor_(context, descriptor), ready_(std::move(ready)), pause_(pause), timer_(context) {
    wait();
  }
  ~ReadableWatch() { descriptor_.release(); }
  ReadableWatch(const ReadableWatch&) = delete;
  ReadableWatch& operator=(const ReadableWatch&) = delete;

 private:
  void wait() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
                             if (error || alive.expired()) return;
                             ready_();
                             // Last: what `ready` has read needs no other wake-up.
                             pause_ == std::chrono::milliseconds::zero() ? wait() : wait_later();
                           });
  }
  void wait_later() {
    timer_.expires_after(pause_);
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
      if (!error && !alive.expired()) wait();
    });
  }

  asio::posix::stream_descriptor descriptor_;
  std::function<void()> ready_;
  std::chrono::milliseconds pause_;
  asio::steady_timer timer_;
  // Shared only for weak references: a wake-up may be queued when the watch is destroyed.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

/// Packets that the kernel holds for the TUN device while another process has the CPU: full-sized packets of
/// 11 ms at 1 Gbit/s. The kernel's default, 500, loses packets of a single fast flow when two processes
/// compete for a core.
constexpr std::uint32_t kDeviceQueue = 1000;

/// A routing daemon may add thousands of routes within a second.
constexpr std::chrono::milliseconds kLinksPause{10};

control::Counters counters_of(const hooks::HookRunner::Counters& c) {
  return {{"run", c.run},
          {"failed", c.failed},
          {"timed_out", c.timed_out},
          {"dropped", c.dropped},
          {"merged", c.merged}};
}

/// Waits for descriptors, the timer and signals, reads the clock once for each of them, and calls the tunnel
/// service. Owns the clock, the io_context and all that does I/O except the TUN device. One thread; only
/// names are resolved in others.
class EventLoop final : public Platform {
 public:
  EventLoop(const config::Config& config, sctp::SecurityConfig security, io::tun::TunDevice& device,
            crypto::KeyReaders key_readers)
      : name_routes_(policy_routing_, config.interface.fwmark),
        resolver_(context_, [this](const NameAnswer& answer) { on_name_answer(answer); },
                  {.mark = config.interface.fwmark,
                   .on_port = [this](const auto& port, bool in_use) { name_routes_.set(port, in_use); }}),
        key_readers_(key_readers),
        device_(device),
        link_monitor_(device_.index()),
        service_(config, std::move(security), *this, device_, random_),
        routing_(service_.config(), device_.index()),
        control_(context_, config.interface.control_socket,
                 [this](std::string_view line) { return answer(line); }) {
    if (config.hooks) hooks_.emplace(context_, *config.hooks);
    device_watch_.emplace(context_, device_.native_handle(), [this] { on_device(); });
    links_watch_.emplace(
        context_, link_monitor_.native_handle(), [this] { on_links(); }, kLinksPause);
    wait_for_signal();
    trace_ = open_developer_trace(read_clock());
    service_.set_packet_observer(trace_.get());
    service_.start(read_clock());
    arm();
    check_routing();
  }

  void run() {
    notify_service_manager("READY=1");
    context_.run();
    notify_service_manager("STOPPING=1");
  }

  std::unique_ptr<io::DatagramSocket> open_socket(const io::udp::UdpSocketOptions& options) override {
    return std::make_unique<io::udp::UdpSocket>(options);
  }

  void watch(SocketId id, int descriptor) override {
    if (watches_.size() <= id.value()) watches_.resize(id.value() + std::size_t{1});
    watches_[id.value()] =
        std::make_unique<ReadableWatch>(context_, descriptor, [this, id] { on_socket(id); });
  }
  void unwatch(SocketId id) override { watches_[id.value()].reset(); }

  void announce(HookEvent event) override {
    if (hooks_) hooks_->post(std::move(event));
  }

  std::vector<io::netlink::LinkInfo> links() override { return io::netlink::list_links(); }
  std::optional<io::netlink::RouteInfo> route(const io::netlink::RouteQuery& query,
                                              const IpAddress& to) override {
    return io::netlink::find_route(query, to);
  }

  io::PolicyRouting& routing() override { return policy_routing_; }

  std::chrono::sys_seconds wall_clock() override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  void resolve(const NameQuestion& question) override { resolver_.resolve(question); }

 private:
  void on_device() {
    const std::uint64_t errors = device_.counters().rx_errors;
    service_.handle_device(read_clock());
    if (device_.counters().rx_errors != errors)
      throw std::runtime_error(device_.name() + ": the interface is gone");
    arm();
  }
  void on_links() {
    const io::netlink::LinkChanges changes = link_monitor_.take_events();
    const Timestamp now = read_clock();
    if (changes.own || changes.others) routing_.on_change(now);
    // The tunnel's own interface is no uplink.
    if (changes.others && service_.is_edge()) service_.handle_links_changed(now);
    arm();
    check_routing();
  }
  void on_name_answer(const NameAnswer& answer) {
    service_.handle_name_answer(read_clock(), answer);
    arm();
  }
  void on_socket(SocketId id) {
    service_.handle_socket(read_clock(), id);
    arm();
  }

  void wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        reload();
      } else {
        spdlog::info("stopping on signal {}", signal);
        device_watch_.reset();
        if (service_.stopped() && hooks_) hooks_->abandon();  // nothing else is left to wait for
        service_.stop(read_clock());
        arm();
      }
      wait_for_signal();
    });
  }

  // Lets the tunnel's routes be examined if that is due, and sets the timer for the next time.
  void check_routing() {
    const Timestamp now = read_clock();
    if (now >= routing_.next_timeout()) {
      routing_.handle_timeout(now, service_.uplink_interfaces());
      routing_.on_examined(now, read_clock());
    }
    routing_timer_.expires_after(std::max(Duration::zero(), routing_.next_timeout() - read_clock()));
    routing_timer_.async_wait([this](boost::system::error_code error) {
      if (!error) check_routing();
    });
  }

  // A file with a mistake changes nothing.
  void reload() {
    const config::Config& running = service_.config();
    const auto refuse = [](const config::ConfigErrors& errors) {
      for (const config::ConfigError& error : errors) spdlog::error("not reloaded: {}", error.to_string());
    };
    const auto fresh = config::load_config(running.file);
    if (!fresh) return refuse(fresh.error());
    auto keys = config::load_peer_keys(*fresh, service_.public_key(), key_readers_);
    if (!keys) return refuse(keys.error());
    const config::Changes changes = config::compare(running, *fresh);
    for (const std::string& each : changes.needs_restart)
      spdlog::warn("{}: {} differs, restart hawserd to apply it", running.file, each);
    for (const std::string& each : changes.report) spdlog::info("reloaded: {}", each);
    if (changes.report.empty()) spdlog::info("reloaded: no peer differs");
    service_.set_peers(read_clock(), changes, std::move(*keys));
    arm();
    routing_.on_change(read_clock());
    check_routing();
  }

  // Arms the timer for the next timeout of the service. If that moves to a later time, the timer expires
  // early, which costs less than setting it for every packet.
  void arm() {
    if (service_.stopped()) return end();
    const Timestamp next = service_.next_timeout();
    if (armed_ <= next) return;
    armed_ = next;
    const Timestamp now = read_clock();
    timer_.expires_after(next > now ? next - now : Duration::zero());
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      armed_ = kNever;
      service_.handle_timeout(read_clock());
      arm();
    });
  }

  // Hooks still run for the last events.
  void end() {
    if (!hooks_) return context_.stop();
    if (!std::exchange(ending_, true)) hooks_->finish([this] { context_.stop(); });
  }

  std::string answer(std::string_view line) {
    const auto request = control::parse_request(line);
    if (!request) return control::make_error(request.error().message);
    switch (request->command) {
      case control::Command::status: return describe();
      case control::Command::path_set: return set_path(request->setting);
    }
    return control::make_error("unknown command");
  }

  std::string describe() {
    control::Status status = service_.status(read_clock());
    routing_.describe(status.interface);
    if (hooks_) status.hooks = counters_of(hooks_->counters());
    return control::make_status(status);
  }

  std::string set_path(const control::PathSetting& setting) {
    const auto change = service_.set_path(read_clock(), setting);
    arm();
    return change ? control::make_path_change(*change) : control::make_error(change.error().message);
  }

  asio::io_context context_{1};
  asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};
  asio::steady_timer timer_{context_};
  io::KernelPolicyRouting policy_routing_;
  NameRoutes name_routes_;
  names::Resolver resolver_;
  std::optional<hooks::HookRunner> hooks_;
  bool ending_ = false;
  crypto::KeyReaders key_readers_;
  Timestamp armed_ = kNever;
  std::vector<std::unique_ptr<ReadableWatch>> watches_;  // by SocketId
  crypto::SystemRandom random_;
  io::tun::TunDevice& device_;
  std::optional<ReadableWatch> device_watch_;
  io::netlink::LinkMonitor link_monitor_;
  std::optional<ReadableWatch> links_watch_;
  std::unique_ptr<sctp::PacketObserver> trace_;  ///< in debug builds, when HAWSER_TRACE is set
  TunnelService service_;
  routing::Routing routing_;
  asio::steady_timer routing_timer_{context_};
  ControlServer control_;
  Watchdog watchdog_{context_};
};

}  // namespace

// The TUN device comes first: its file may be accessible to root only. Everything else works without root.
void run(const config::Config& config, sctp::SecurityConfig security,
         const privileges::Privileges& privileges) {
  const config::InterfaceConfig& own = config.interface;
  privileges.prepare_directories(own);
  io::tun::TunDevice device(
      {own.name, own.mtu.value_or(config::InterfaceConfig::kDefaultMtu), own.addresses, kDeviceQueue});
  privileges.drop(own);
  EventLoop(config, std::move(security), device, privileges.key_readers()).run();
}

}  // namespace hawser::daemon
