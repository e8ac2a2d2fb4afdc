#include "sim/traffic.hpp"

#include <algorithm>
#include <utility>

namespace hawser::sim {

// --- MessageLedger

Buffer MessageLedger::next(BufferPool& pool, sctp::StreamId stream, bool unordered, std::size_t size) const {
  const LaneKey key{stream.value(), unordered};
  const auto lane = lanes_.find(key);
  Buffer content = pool.acquire(size);
  make_content(key, lane == lanes_.end() ? 0 : lane->second.sizes.size(), content.bytes());
  return content;
}

sctp::Ppid MessageLedger::next_ppid(sctp::StreamId stream, bool unordered) const {
  const auto lane = lanes_.find({stream.value(), unordered});
  return sctp::Ppid(lane == lanes_.end() ? 0 : static_cast<std::uint32_t>(lane->second.sizes.size()));
}

void MessageLedger::sent(sctp::StreamId stream, bool unordered, std::size_t size) {
  Lane& lane = lanes_[{stream.value(), unordered}];
  lane.sizes.push_back(static_cast<std::uint32_t>(size));
  lane.seen.push_back(false);
  ++messages_sent_;
  bytes_sent_ += size;
}

std::size_t MessageLedger::arrived_on(sctp::StreamId stream) const {
  const auto lane = lanes_.find({stream.value(), false});
  return lane == lanes_.end() ? 0 : lane->second.next;
}

std::size_t MessageLedger::sent_on(sctp::StreamId stream) const {
  const auto lane = lanes_.find({stream.value(), false});
  return lane == lanes_.end() ? 0 : lane->second.sizes.size();
}

std::optional<std::string> MessageLedger::accept(const sctp::ReceivedMessage& message) {
  const LaneKey key{message.stream.value(), message.unordered};
  Lane& lane = lanes_[key];
  const Bytes piece = message.payload.bytes();
  bytes_arrived_ += piece.size();
  if (!message.more && lane.partial.empty()) return accept_whole(key, lane, message, piece);
  lane.partial.insert(lane.partial.end(), piece.begin(), piece.end());
  if (message.more) return std::nullopt;
  const std::vector<std::byte> whole = std::exchange(lane.partial, {});
  return accept_whole(key, lane, message, whole);
}

bool MessageLedger::in_turn(const Lane& lane, const sctp::ReceivedMessage& message) const {
  const std::size_t index = message.ppid.value();
  if (message.unordered) return true;
  if (!holes_permitted_) return index == lane.next && !message.late;
  return message.late ? index < lane.next : index >= lane.next;
}

std::optional<std::string> MessageLedger::accept_whole(const LaneKey& key, Lane& lane,
                                                       const sctp::ReceivedMessage& message, Bytes content) {
  const std::uint32_t index = message.ppid.value();
  const std::string name = "stream " + std::to_string(key.first) + (key.second ? " unordered" : " ordered") +
                           " message " + std::to_string(index) + " ";
  if (index >= lane.sizes.size()) return name + "was never sent";
  if (lane.seen[index]) return name + "arrives twice";
  if (!in_turn(lane, message)) return name + "arrives when " + std::to_string(lane.next) + " is expected";
  if (content.size() != lane.sizes[index]) {
    return name + "has " + std::to_string(content.size()) + " bytes instead of " +
           std::to_string(lane.sizes[index]);
  }
  expected_.resize(content.size());
  make_content(key, index, expected_);
  if (!std::equal(content.begin(), content.end(), expected_.begin())) return name + "is not what was sent";
  lane.seen[index] = true;
  if (!message.late) lane.next = index + 1;
  ++messages_arrived_;
  return std::nullopt;
}

void MessageLedger::make_content(const LaneKey& key, std::size_t index, MutableBytes out) const {
  SimRandom random(seed_ ^ (std::uint64_t{key.first} << 40) ^ (std::uint64_t{key.second} << 60) ^ index);
  random.fill(out);
}

std::string MessageLedger::summary() const {
  std::string text =
      std::to_string(messages_arrived_) + " of " + std::to_string(messages_sent_) + " messages arrived";
  for (const auto& [key, lane] : lanes_) {
    const auto missing = std::find(lane.seen.begin(), lane.seen.end(), false);
    if (missing == lane.seen.end()) continue;
    text += "; stream " + std::to_string(key.first) + (key.second ? " unordered" : " ordered") + " lacks " +
            std::to_string(missing - lane.seen.begin());
  }
  return text;
}

// --- Application

void Application::flood(std::size_t size, std::uint16_t streams, bool unordered, std::uint16_t first) {
  flood_size_ = size;
  flood_first_ = first;
  flood_streams_ = streams;
  flood_unordered_ = unordered;
  if (started_) pump();
}

void Application::start(sctp::AssociationId id) {
  id_ = id;
  started_ = true;
  start_ = events_.now();
  pump();
}

void Application::pump() {
  if (!started_ || pumping_) return;
  pumping_ = true;
  while (next_ < plan_.size()) {
    const PlannedMessage& message = plan_[next_];
    if (start_ + message.at > events_.now()) {
      wake_at(start_ + message.at);
      break;
    }
    if (!send_one(message)) break;
    ++next_;
  }
  while (next_ == plan_.size() && flood_size_ != 0) {
    if (!send_one({{},
                   sctp::StreamId(static_cast<std::uint16_t>(flood_first_ + flood_next_)),
                   flood_unordered_,
                   flood_size_}))
      break;
    flood_next_ = static_cast<std::uint16_t>((flood_next_ + 1U) % flood_streams_);
  }
  pumping_ = false;
}

bool Application::send_one(const PlannedMessage& message) {
  sctp::SendOptions options;
  options.stream = message.stream;
  options.unordered = message.unordered;
  options.ppid = out_.next_ppid(message.stream, message.unordered);
  Buffer content = out_.next(host_.pool(), message.stream, message.unordered, message.size);
  const auto result = host_.endpoint().send(events_.now(), id_, std::move(content), options);
  if (result == sctp::SendResult::ok) out_.sent(message.stream, message.unordered, message.size);
  if (result != sctp::SendResult::ok && !content) {
    violations_.add(events_.now(), host_.name() + " takes a message that send() refused");
  }
  last_result_ = result;
  host_.drain();
  return result == sctp::SendResult::ok;
}

void Application::wake_at(Timestamp when) {
  events_.at(when, [this] { pump(); });
}

void Application::on_message(const sctp::ReceivedMessage& message) {
  if (const auto wrong = in_.accept(message)) violations_.add(events_.now(), host_.name() + ": " + *wrong);
  if (last_arrival_ != Timestamp{}) longest_gap_ = std::max(longest_gap_, events_.now() - last_arrival_);
  last_arrival_ = events_.now();
}

void Application::reset_gap() {
  longest_gap_ = {};
  last_arrival_ = events_.now();
}

}  // namespace hawser::sim
