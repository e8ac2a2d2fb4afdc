#pragma once

#include <memory>

namespace hawser::io::netlink {

class Netlink;

/// Notices when interfaces, addresses, routes or routing rules of this network namespace change. Owns a
/// netlink socket that never blocks; does not know what changed: whoever is told looks again.
class LinkMonitor {
 public:
  /// Messages taken by one call of take_events().
  static constexpr int kBatch = 256;

  /// What happens to the interface `ignored` is of no interest (0: everything is). Throws SetupError.
  explicit LinkMonitor(int ignored = 0);
  ~LinkMonitor();
  LinkMonitor(const LinkMonitor&) = delete;
  LinkMonitor& operator=(const LinkMonitor&) = delete;

  /// A descriptor that is readable while events wait; for the event loop, which must neither read nor close
  /// it.
  [[nodiscard]] int native_handle() const;

  /// Takes what waits. Whether anything of interest changed, or may have, as the kernel had no room for all
  /// events.
  [[nodiscard]] bool take_events();

 private:
  std::unique_ptr<Netlink> netlink_;
  int ignored_;
};

}  // namespace hawser::io::netlink
