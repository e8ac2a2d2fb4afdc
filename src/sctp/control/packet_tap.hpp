#pragma once

#include "hawser/sctp/packet_observer.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::control {

/// Reports the packets of an endpoint in clear text to a PacketObserver, if there is one. Owns nothing; never
/// changes a packet.
class PacketTap {
 public:
  /// Sets the observer, which outlives its use here; null: none.
  void set_observer(PacketObserver* observer) { observer_ = observer; }
  /// Whether there is an observer.
  [[nodiscard]] bool active() const { return observer_ != nullptr; }

  /// Reports a packet that consists of the common header and the chunks.
  void report(Timestamp now, PacketDirection direction, const Route& route, Bytes packet, bool sealed) const {
    report(now, direction, route, packet, packet.subspan(wire::kCommonHeaderSize), sealed);
  }
  /// Reports a packet whose chunks do not follow the common header in memory.
  void report(Timestamp now, PacketDirection direction, const Route& route, Bytes packet, Bytes chunks,
              bool sealed) const {
    if (observer_ == nullptr) return;
    observer_->on_packet(now, {direction, sealed, route, packet.first(wire::kCommonHeaderSize), chunks});
  }

 private:
  PacketObserver* observer_ = nullptr;
};

}  // namespace hawser::sctp::control
