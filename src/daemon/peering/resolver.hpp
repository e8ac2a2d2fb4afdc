#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/config/config.hpp"

namespace hawser::daemon::peering {

/// Resolves names without blocking the event loop. Each request has a thread of its own, which is never
/// joined: the C library may take half a minute to give up, while the daemon stops within three seconds.
/// Answers arrive in the event loop, and none after the resolver is destroyed.
class Resolver {
 public:
  /// A callback, as the answer comes from another thread.
  using Done = std::function<void(std::vector<UdpAddress> addresses)>;

  /// `context` is the event loop; it outlives the resolver.
  explicit Resolver(boost::asio::io_context& context);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Calls `done` in the event loop with the addresses of all endpoints in their order, literal ones
  /// included. Names without an address are logged.
  void resolve(std::vector<config::HostPort> endpoints, Done done);

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;  ///< shared with the threads, which may outlive the resolver
};

}  // namespace hawser::daemon::peering
