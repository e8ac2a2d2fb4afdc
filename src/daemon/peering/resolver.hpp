#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/config/config.hpp"

namespace hawser::daemon::peering {

/// Finds the addresses behind names without holding up the event loop: each request has a thread of its own,
/// which nobody waits for, as the C library may take half a minute to give a name up and the daemon stops in
/// three seconds. Answers arrive in the event loop, and none after the resolver is gone.
class Resolver {
 public:
  using Done = std::function<void(std::vector<UdpAddress> addresses)>;

  explicit Resolver(boost::asio::io_context& context);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// `done` gets the addresses of all endpoints in their order, literal ones included; names without any are
  /// logged.
  void resolve(std::vector<config::HostPort> endpoints, Done done);

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;  ///< shared with the threads, which may outlive the resolver
};

}  // namespace hawser::daemon::peering
