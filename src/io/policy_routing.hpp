#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "io/netlink/policy_rule.hpp"
#include "io/netlink/route_table.hpp"

namespace hawser::io {

/// The routing rules and routes of this network namespace, and what else decides whether the datagrams of one
/// UDP socket pass the kernel. KernelPolicyRouting implements it; tests have one in memory.
class PolicyRouting {
 public:
  PolicyRouting() = default;
  virtual ~PolicyRouting() = default;
  PolicyRouting(const PolicyRouting&) = delete;
  PolicyRouting& operator=(const PolicyRouting&) = delete;

  /// Adds a rule. EEXIST: it is there already.
  [[nodiscard]] virtual std::error_code add(const netlink::PolicyRule& rule) = 0;
  /// Removes a rule. ENOENT: it is not there.
  virtual std::error_code remove(const netlink::PolicyRule& rule) = 0;
  /// Lists the rules of Hawser (netlink::list_rules). Throws SetupError.
  [[nodiscard]] virtual std::vector<netlink::PolicyRule> rules() = 0;

  /// Adds a route in place of one with the same destination, metric and table.
  [[nodiscard]] virtual std::error_code replace(const netlink::RouteSpec& route) = 0;
  /// Removes a route. ESRCH: it is not there.
  virtual std::error_code remove(const netlink::RouteSpec& route) = 0;
  /// Lists routes of both families. Throws SetupError.
  [[nodiscard]] virtual std::vector<netlink::RouteSpec> routes(const netlink::RouteFilter& filter) = 0;

  /// Whether a UDP socket of any process is bound to the port.
  [[nodiscard]] virtual bool is_port_in_use(bool v6, std::uint16_t port) = 0;
  /// The reverse-path filter of an interface: the larger of net.ipv4.conf.all.rp_filter and that of the
  /// interface, which is what the kernel applies; 1 is strict. 0 also if they cannot be read.
  [[nodiscard]] virtual int reverse_path_filter(const std::string& interface) = 0;
};

/// PolicyRouting of the running kernel. Owns a netlink connection.
class KernelPolicyRouting final : public PolicyRouting {
 public:
  std::error_code add(const netlink::PolicyRule& rule) override { return netlink::add_rule(rule); }
  std::error_code remove(const netlink::PolicyRule& rule) override { return netlink::remove_rule(rule); }
  std::vector<netlink::PolicyRule> rules() override { return netlink::list_rules(); }
  std::error_code replace(const netlink::RouteSpec& route) override { return table_.replace(route); }
  std::error_code remove(const netlink::RouteSpec& route) override { return table_.remove(route); }
  std::vector<netlink::RouteSpec> routes(const netlink::RouteFilter& filter) override {
    return table_.list(filter);
  }
  bool is_port_in_use(bool v6, std::uint16_t port) override;
  int reverse_path_filter(const std::string& interface) override;

 private:
  netlink::RouteTable table_;
};

}  // namespace hawser::io
