#pragma once

#include <memory>

namespace hawser::io::netlink {

class Netlink;

/// Which interfaces the changes that LinkMonitor detected are about. Both may be set without a change,
/// because the kernel dropped events.
struct LinkChanges {
  bool own = false;     ///< the interface that the monitor was opened for
  bool others = false;  ///< another interface, or none in particular, as with rules
};

/// Detects changes of interfaces, addresses, routes or routing rules in this network namespace. Owns a
/// netlink socket that never blocks. Does not report what changed: the caller lists the interfaces again.
class LinkMonitor {
 public:
  /// Most messages that one call of take_events() reads.
  static constexpr int kBatch = 256;

  /// Reports changes of the interface with index `own` separately; 0: none. Throws SetupError.
  explicit LinkMonitor(int own = 0);
  ~LinkMonitor();
  LinkMonitor(const LinkMonitor&) = delete;
  LinkMonitor& operator=(const LinkMonitor&) = delete;

  /// The descriptor, readable while events wait. For the event loop, which neither reads nor closes it.
  [[nodiscard]] int native_handle() const;

  /// Reads the waiting events.
  [[nodiscard]] LinkChanges take_events();

 private:
  std::unique_ptr<Netlink> netlink_;
  int own_;
};

}  // namespace hawser::io::netlink
