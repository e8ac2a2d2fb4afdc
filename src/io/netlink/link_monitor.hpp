#pragma once

#include <memory>

namespace hawser::io::netlink {

class Netlink;

/// Detects changes of interfaces, addresses, routes or routing rules in this network namespace. Owns a
/// netlink socket that never blocks. Does not report what changed: the caller lists the interfaces again.
class LinkMonitor {
 public:
  /// Most messages that one call of take_events() reads.
  static constexpr int kBatch = 256;

  /// Ignores changes of the interface with index `ignored`; 0: ignores none. Throws SetupError.
  explicit LinkMonitor(int ignored = 0);
  ~LinkMonitor();
  LinkMonitor(const LinkMonitor&) = delete;
  LinkMonitor& operator=(const LinkMonitor&) = delete;

  /// The descriptor, readable while events wait. For the event loop, which neither reads nor closes it.
  [[nodiscard]] int native_handle() const;

  /// Reads the waiting events. True: something changed, or may have changed because the kernel dropped
  /// events.
  [[nodiscard]] bool take_events();

 private:
  std::unique_ptr<Netlink> netlink_;
  int ignored_;
};

}  // namespace hawser::io::netlink
