#include "support/memory_io.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/throw_setup_error.hpp"

namespace hawser::io {

ReadySignal::ReadySignal() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw_setup_error("cannot open an event descriptor", errno);
}

ReadySignal::~ReadySignal() {
  ::close(fd_);
}

void ReadySignal::raise() {
  if (std::exchange(raised_, true)) return;
  ::eventfd_write(fd_, 1);
}

void ReadySignal::lower() {
  if (!std::exchange(raised_, false)) return;
  eventfd_t value = 0;
  ::eventfd_read(fd_, &value);
}

void MemoryNetwork::attach(MemoryDatagramSocket& socket) {
  if (!sockets_.emplace(socket.local_address(), &socket).second) {
    throw_setup_error("cannot bind in-memory socket " + socket.local_address().to_string(), EADDRINUSE);
  }
}

void MemoryNetwork::detach(const MemoryDatagramSocket& socket) {
  sockets_.erase(socket.local_address());
}

void MemoryNetwork::deliver(UdpAddress source, UdpAddress destination, Bytes payload) {
  if (rewrite_ && !rewrite_(source, destination, payload)) {
    ++lost_;
    return;
  }
  auto receiver = sockets_.find(destination);
  if (receiver == sockets_.end()) {
    const IpAddress any = destination.ip.is_v4() ? IpAddress::any_v4() : IpAddress::any_v6();
    receiver = sockets_.find({any, destination.port});
  }
  if (receiver == sockets_.end()) {
    ++lost_;
    return;
  }
  receiver->second->arrive(source, destination.ip, payload);
}

MemoryDatagramSocket::MemoryDatagramSocket(MemoryNetwork& network, SocketId id, UdpAddress local,
                                           std::size_t queue)
    : network_(network), id_(id), local_(local), queue_limit_(queue) {
  network_.attach(*this);
}

MemoryDatagramSocket::~MemoryDatagramSocket() {
  network_.detach(*this);
}

void MemoryDatagramSocket::arrive(const UdpAddress& source, const IpAddress& destination, Bytes payload) {
  if (waiting_.size() >= queue_limit_) {
    ++counters_.rx_dropped_full;
    return;
  }
  waiting_.push_back({Route{id_, destination, source}, {payload.begin(), payload.end()}});
  ready_.raise();
}

std::span<ReceivedDatagram> MemoryDatagramSocket::receive() {
  handed_out_.clear();
  batch_.clear();
  const std::size_t count = std::min(waiting_.size(), kBatch);
  for (std::size_t i = 0; i < count; ++i) {
    handed_out_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  for (Waiting& datagram : handed_out_) {
    batch_.push_back({datagram.route, datagram.payload});
    ++counters_.rx_datagrams;
    ++counters_.rx_messages;
    counters_.rx_bytes += datagram.payload.size();
  }
  if (waiting_.empty()) ready_.lower();
  return batch_;
}

void MemoryDatagramSocket::send(const TransmitBatch& batch) {
  const IpAddress from = batch.route.local.is_wildcard() ? local_.ip : batch.route.local;
  Bytes rest = batch.bytes();
  for (const std::uint16_t size : batch.sizes()) {
    network_.deliver({from, local_.port}, batch.route.remote, rest.first(size));
    rest = rest.subspan(size);
    ++counters_.tx_datagrams;
    ++counters_.tx_messages;
    counters_.tx_bytes += size;
  }
}

MemoryPacketDevice::MemoryPacketDevice(std::string name, std::size_t mtu)
    : name_(std::move(name)), mtu_(mtu) {}

void MemoryPacketDevice::inject(Bytes packet) {
  if (packet.size() > mtu_) {
    ++counters_.rx_truncated;
    return;
  }
  waiting_.emplace_back(packet.begin(), packet.end());
  ready_.raise();
}

std::size_t MemoryPacketDevice::read(BufferPool& pool, std::span<Buffer> out) {
  const std::size_t count = std::min(out.size(), waiting_.size());
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = pool.copy(waiting_.front());
    ++counters_.rx_packets;
    counters_.rx_bytes += waiting_.front().size();
    waiting_.pop_front();
  }
  if (waiting_.empty()) ready_.lower();
  return count;
}

std::size_t MemoryPacketDevice::write(std::span<const Bytes> packets) {
  const std::size_t taken = std::min(packets.size(), write_room_);
  for (const Bytes packet : packets.first(taken)) {
    written_.emplace_back(packet.begin(), packet.end());
    ++counters_.tx_packets;
    counters_.tx_bytes += packet.size();
  }
  write_room_ -= taken;
  counters_.tx_dropped_full += packets.size() - taken;
  return taken;
}

std::vector<std::vector<std::byte>> MemoryPacketDevice::take_written() {
  return std::exchange(written_, {});
}

}  // namespace hawser::io
