#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/policy_routing.hpp"

namespace hawser::io {

/// A PolicyRouting without a kernel: keeps rules and routes, and decides nothing.
class MemoryPolicyRouting final : public PolicyRouting {
 public:
  std::error_code add(const netlink::PolicyRule& rule) override {
    if (refuse) return std::make_error_code(std::errc::operation_not_permitted);
    const bool fresh = rules_.insert(rule).second;
    return fresh ? std::error_code() : std::make_error_code(std::errc::file_exists);
  }
  std::error_code remove(const netlink::PolicyRule& rule) override {
    rules_.erase(rule);
    return {};
  }
  std::vector<netlink::PolicyRule> rules() override { return {rules_.begin(), rules_.end()}; }

  std::error_code replace(const netlink::RouteSpec& route) override {
    if (refuse) return std::make_error_code(std::errc::operation_not_permitted);
    std::erase_if(routes_, [&](const netlink::RouteSpec& other) {
      return other.destination == route.destination && other.table == route.table &&
             other.metric == route.metric;
    });
    routes_.push_back(route);
    return {};
  }
  std::error_code remove(const netlink::RouteSpec& route) override {
    std::erase(routes_, route);
    return {};
  }
  std::vector<netlink::RouteSpec> routes(const netlink::RouteFilter& filter) override {
    std::vector<netlink::RouteSpec> out;
    std::ranges::copy_if(routes_, std::back_inserter(out), [&](const netlink::RouteSpec& route) {
      return route.table == filter.table.value_or(route.table) &&
             route.link == filter.link.value_or(route.link);
    });
    return out;
  }

  bool is_port_in_use(bool, std::uint16_t port) override { return ports_in_use.contains(port); }
  int reverse_path_filter(const std::string& interface) override { return filters[interface]; }

  bool refuse = false;  ///< as without CAP_NET_ADMIN
  std::set<std::uint16_t> ports_in_use;
  std::map<std::string, int> filters;

 private:
  std::set<netlink::PolicyRule> rules_;
  std::vector<netlink::RouteSpec> routes_;
};

}  // namespace hawser::io
