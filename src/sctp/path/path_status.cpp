#include "sctp/path/path_status.hpp"

namespace hawser::sctp::path {

PathStatus describe(const Path& path, const PathTable& paths, const SendState& send_state) {
  PathStatus status;
  status.id = path.id;
  status.route = path.route;
  status.state = path.state();
  status.primary = path.id == paths.primary_id();
  status.role = path.role();
  status.srtt = path.rtt.srtt();
  status.rttvar = path.rtt.rttvar();
  status.rto = path.rtt.rto();
  status.congestion = path.algorithm;
  status.cwnd = path.congestion->cwnd();
  status.ssthresh = path.congestion->ssthresh();
  status.flight = path.flight.bytes;
  status.ecn = path.ecn.state();
  status.mtu = path.pmtu.payload();
  status.error_count = path.error_count;
  status.counters = path.counters;
  status.idle_reason = idle_reason(path, paths, send_state);
  status.failed_since = path.lifecycle.failed_since();
  status.cap_bps = path.cap.bits_per_second();
  return status;
}

}  // namespace hawser::sctp::path
