#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "daemon/name_lookup.hpp"

namespace hawser::daemon::names {

/// Resolves names as the C library does (/etc/hosts, mDNS, the modules of nsswitch.conf), without blocking
/// the event loop. Each lookup has a thread of its own, which is never joined: the C library may take half a
/// minute to give up, while the daemon stops within three seconds. Answers arrive in the event loop, and none
/// after this object is destroyed.
class SystemLookup {
 public:
  /// Threads for one name; while they run, further lookups of it are ignored.
  static constexpr std::size_t kMaxPending = 2;
  /// A callback, as the answer comes from another thread.
  using Done = std::function<void(NameAnswer)>;

  /// `context` is the event loop; it outlives this object.
  SystemLookup(boost::asio::io_context& context, Done done);
  ~SystemLookup();
  SystemLookup(const SystemLookup&) = delete;
  SystemLookup& operator=(const SystemLookup&) = delete;

  /// Starts to look up a name.
  void ask(std::uint64_t question, const std::string& host);

 private:
  struct Loop;
  void finish(NameAnswer answer);

  Done done_;
  std::map<std::string, std::size_t> pending_;  ///< threads by name
  std::shared_ptr<Loop> loop_;                  ///< shared with the threads, which may outlive this object
};

}  // namespace hawser::daemon::names
