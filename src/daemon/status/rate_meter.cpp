#include "daemon/status/rate_meter.hpp"

#include <algorithm>

namespace hawser::daemon::status {
namespace {

double mbps(std::uint64_t bytes, Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return seconds <= 0 ? 0 : static_cast<double>(bytes) * 8.0 / 1e6 / seconds;
}

}  // namespace

// The sample `intervals` before the newest one, or else the oldest one.
const RateMeter::Sample& RateMeter::Track::back(std::size_t intervals) const {
  const std::size_t reach = std::min({intervals, count - 1, samples.size() - 1});
  return samples[(count - 1 - reach) % samples.size()];
}

void RateMeter::sample(Timestamp now, const sctp::AssociationStatus& association) {
  for (const sctp::PathStatus& path : association.paths) {
    Track& track = tracks_[{association.id, path.id}];
    const sctp::PathCounters& c = path.counters;
    track.samples[track.count % track.samples.size()] = {now, c.bytes_sent, c.bytes_received,
                                                         c.data_chunks_sent + c.data_chunks_retransmitted,
                                                         c.data_chunks_lost};
    ++track.count;
  }
}

void RateMeter::prune(Timestamp now) {
  std::erase_if(tracks_, [&](const auto& entry) { return entry.second.back(0).at != now; });
}

PathRates RateMeter::rates(sctp::AssociationId association, sctp::PathId path) const {
  const auto at = tracks_.find({association, path});
  if (at == tracks_.end()) return {};
  const Sample& newest = at->second.back(0);
  const Sample& recent = at->second.back(kRateSamples);
  const Sample& oldest = at->second.back(kLossSamples);
  const std::uint64_t sent = newest.chunks_sent - oldest.chunks_sent;
  const std::uint64_t lost = newest.chunks_lost - oldest.chunks_lost;
  PathRates rates;
  rates.tx_mbps = mbps(newest.tx_bytes - recent.tx_bytes, newest.at - recent.at);
  rates.rx_mbps = mbps(newest.rx_bytes - recent.rx_bytes, newest.at - recent.at);
  rates.loss_percent =
      sent == 0 ? 0 : std::min(100.0, 100.0 * static_cast<double>(lost) / static_cast<double>(sent));
  return rates;
}

}  // namespace hawser::daemon::status
