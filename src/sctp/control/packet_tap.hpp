#pragma once

#include "hawser/sctp/packet_observer.hpp"
#include "sctp/wire/packet.hpp"

namespace hawser::sctp::control {

/// Where the packets of an endpoint are reported in clear text, if anywhere (PacketObserver). Owns nothing.
class PacketTap {
 public:
  void set_observer(PacketObserver* observer) { observer_ = observer; }
  [[nodiscard]] bool active() const { return observer_ != nullptr; }

  /// `packet` is the common header and the chunks.
  void report(Timestamp now, PacketDirection direction, const Route& route, Bytes packet, bool sealed) const {
    report(now, direction, route, packet, packet.subspan(wire::kCommonHeaderSize), sealed);
  }
  /// The chunks lie elsewhere than behind the common header.
  void report(Timestamp now, PacketDirection direction, const Route& route, Bytes packet, Bytes chunks,
              bool sealed) const {
    if (observer_ == nullptr) return;
    observer_->on_packet(now, {direction, sealed, route, packet.first(wire::kCommonHeaderSize), chunks});
  }

 private:
  PacketObserver* observer_ = nullptr;
};

}  // namespace hawser::sctp::control
