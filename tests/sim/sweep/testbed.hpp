#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/bond.hpp"
#include "sim/inner/host.hpp"
#include "sim/inner/tunnel_host.hpp"

namespace hawser::sim::sweep {

/// Two hosts and the network between them.
class Testbed {
 public:
  Testbed() = default;
  virtual ~Testbed() = default;
  Testbed(const Testbed&) = delete;
  Testbed& operator=(const Testbed&) = delete;

  /// Makes the network ready; false when that fails.
  virtual bool start() = 0;
  [[nodiscard]] virtual EventQueue& events() = 0;
  [[nodiscard]] virtual std::size_t mtu() const = 0;
  /// The links, in the direction to the edge or from it.
  [[nodiscard]] virtual Link& link(std::size_t index, bool download) = 0;
  [[nodiscard]] virtual std::size_t links() const = 0;
  [[nodiscard]] inner::InnerHost& edge() { return *edge_; }
  [[nodiscard]] inner::InnerHost& hub() { return *hub_; }

 protected:
  static constexpr std::uint32_t kEdge = 0x0a09'0002;
  static constexpr std::uint32_t kHub = 0x0a09'0001;
  void make_hosts(EventQueue& events) {
    edge_ = std::make_unique<inner::InnerHost>(events, kEdge);
    hub_ = std::make_unique<inner::InnerHost>(events, kHub);
  }

 private:
  std::unique_ptr<inner::InnerHost> edge_;
  std::unique_ptr<inner::InnerHost> hub_;
};

/// What a tunnel does otherwise than the daemon's defaults.
struct TunnelChanges {
  std::size_t queue_bytes = 0;  ///< 0: the default
  std::optional<sctp::CongestionControl> congestion;
  bool order_hold = true;  ///< false: packets are delivered as they arrive
  bool nr_sack = true;
};

/// A protected tunnel over all uplinks, configured as the daemon configures it.
class TunnelBed final : public Testbed {
 public:
  /// Time that a host needs for a packet: half a gigabit per second, as two cores with all programs of a
  /// test.
  static constexpr Duration kPacketCost = std::chrono::microseconds(20);
  TunnelBed(std::vector<UplinkSpec> uplinks, std::uint64_t seed, Duration cost = kPacketCost,
            const TunnelChanges& changes = {});

  /// Establishes the association and all paths, and lets the path MTU searches end.
  bool start() override;
  [[nodiscard]] EventQueue& events() override { return bond_.world().events(); }
  [[nodiscard]] std::size_t mtu() const override { return mtu_; }
  [[nodiscard]] Link& link(std::size_t index, bool download) override {
    return download ? bond_.down(index) : bond_.up(index);
  }
  [[nodiscard]] std::size_t links() const override { return bond_.uplinks(); }

  [[nodiscard]] Bond& bond() { return bond_; }
  [[nodiscard]] const inner::TunnelHost& edge_tunnel() const { return *edge_tunnel_; }
  [[nodiscard]] const inner::TunnelHost& hub_tunnel() const { return *hub_tunnel_; }

 private:
  static BondSpec spec_of(std::vector<UplinkSpec> uplinks, std::uint64_t seed, const TunnelChanges& changes);
  Bond bond_;
  std::size_t mtu_;
  std::unique_ptr<inner::TunnelHost> edge_tunnel_;
  std::unique_ptr<inner::TunnelHost> hub_tunnel_;
};

/// One link without a tunnel.
class PlainBed final : public Testbed {
 public:
  PlainBed(const UplinkSpec& uplink, std::uint64_t seed);

  bool start() override { return true; }
  [[nodiscard]] EventQueue& events() override { return events_; }
  [[nodiscard]] std::size_t mtu() const override { return 1500; }
  [[nodiscard]] Link& link(std::size_t /*index*/, bool download) override { return download ? down_ : up_; }
  [[nodiscard]] std::size_t links() const override { return 1; }

 private:
  static void connect(inner::InnerHost& from, Link& link);
  EventQueue events_;
  Link up_;
  Link down_;
};

}  // namespace hawser::sim::sweep
