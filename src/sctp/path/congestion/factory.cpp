#include "sctp/path/congestion/factory.hpp"

#include "sctp/path/congestion/bbr.hpp"
#include "sctp/path/congestion/coupled.hpp"
#include "sctp/path/congestion/cubic.hpp"
#include "sctp/path/congestion/new_reno.hpp"

namespace hawser::sctp::path {

std::unique_ptr<CongestionController> make_controller(CongestionControl kind, std::size_t packet_size,
                                                      std::size_t peer_window, CouplingGroup& group) {
  switch (kind) {
    case CongestionControl::model: return make_bbr(packet_size);
    case CongestionControl::cubic: return make_cubic(packet_size, peer_window);
    case CongestionControl::new_reno: return make_new_reno(packet_size, peer_window);
    case CongestionControl::coupled: return make_coupled(packet_size, peer_window, group);
  }
  return make_bbr(packet_size);
}

}  // namespace hawser::sctp::path
