#include "sim/inner/probes.hpp"

#include <algorithm>
#include <cmath>

namespace hawser::sim::inner {
namespace {

constexpr std::uint16_t kIdentifier = 77;
constexpr std::size_t kUdpHeaders = 28;

}  // namespace

// --- Latencies

void Latencies::arrived(std::size_t number, Timestamp when) {
  if (number < samples_.size() && samples_[number].arrived == kNever) samples_[number].arrived = when;
}

Duration Latencies::quantile(Timestamp from, Timestamp to, double quantile) const {
  std::vector<Duration> times;
  for (const Sample& sample : samples_) {
    if (sample.sent >= from && sample.sent < to && sample.arrived != kNever)
      times.push_back(sample.arrived - sample.sent);
  }
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(times.size())));
  return times[std::clamp<std::size_t>(rank, 1, times.size()) - 1];
}

double Latencies::loss(Timestamp from, Timestamp to) const {
  std::size_t sent = 0;
  std::size_t lost = 0;
  for (const Sample& sample : samples_) {
    if (sample.sent < from || sample.sent >= to) continue;
    ++sent;
    lost += sample.arrived == kNever ? 1U : 0U;
  }
  return sent == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(sent);
}

Duration Latencies::longest_gap(Timestamp from, Timestamp to) const {
  std::vector<Timestamp> arrivals;
  for (const Sample& sample : samples_) {
    if (sample.sent >= from && sample.sent < to && sample.arrived != kNever)
      arrivals.push_back(sample.arrived);
  }
  std::sort(arrivals.begin(), arrivals.end());
  Duration longest{};
  for (std::size_t i = 1; i < arrivals.size(); ++i)
    longest = std::max(longest, arrivals[i] - arrivals[i - 1]);
  return longest;
}

// --- Ping

Ping::Ping(InnerHost& from, std::uint32_t to, Duration interval, std::size_t payload)
    : from_(from), to_(to), interval_(interval), payload_(payload), timer_(from.events(), [this] {
        send();
      }) {
  from_.bind(Protocol::icmp, kIdentifier, [this](const IpView& packet) {
    if (const auto echo = parse_echo(packet)) latencies_.arrived(echo->header.sequence, from_.now());
  });
}

void Ping::send() {
  const auto sequence = static_cast<std::uint16_t>(latencies_.count());
  latencies_.sent(from_.now());
  timer_.set(from_.now() + interval_);
  from_.send(make_echo(from_.header_to(to_, Protocol::icmp), {false, kIdentifier, sequence}, payload_));
}

// --- UdpStream

UdpStream::UdpStream(InnerHost& from, InnerHost& to, std::uint16_t port, Duration interval,
                     std::size_t packet)
    : from_(from),
      to_(to),
      port_(port),
      interval_(interval),
      payload_(packet - kUdpHeaders),
      timer_(from.events(), [this] { send(); }) {
  to_.bind(Protocol::udp, port_, [this](const IpView& received) {
    const auto datagram = parse_udp(received);
    if (datagram && datagram->payload.size() >= 4)
      latencies_.arrived(load_be<std::uint32_t>(datagram->payload.data()), to_.now());
  });
}

void UdpStream::send() {
  store_be(payload_.data(), static_cast<std::uint32_t>(latencies_.count()));
  latencies_.sent(from_.now());
  timer_.set(from_.now() + interval_);
  from_.send(make_udp(from_.header_to(to_.address(), Protocol::udp), {port_, port_}, payload_));
}

}  // namespace hawser::sim::inner
