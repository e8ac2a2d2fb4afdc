#include "sctp/security/record_layer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "sctp/wire/crc32c.hpp"

namespace hawser::sctp::security {
namespace {

constexpr std::size_t kChecksumAt = 8;
constexpr unsigned kPathIds = 256;

std::span<std::byte, crypto::kAeadTagSize> tag_of(MutableBytes packet) {
  return packet.last<crypto::kAeadTagSize>();
}
MutableBytes chunks_of(MutableBytes packet) {
  return packet.subspan(wire::kSealedHeadSize, packet.size() - wire::kSealedHeadSize - crypto::kAeadTagSize);
}

}  // namespace

void RecordLayer::install(Epoch epoch, crypto::RecordKeys keys) {
  // A rekey may begin while older keys still drain; the oldest keys are wiped then.
  std::rotate(epochs_.begin(), epochs_.end() - 1, epochs_.end());
  assert(epochs_[0] == nullptr || epochs_[0].get() != sending_);
  epochs_[0] = std::make_unique<EpochState>(epoch, ++generations_, std::move(keys));
}

void RecordLayer::send_with(Epoch epoch) {
  sending_ = find(epoch);
  assert(sending_ != nullptr);
}

void RecordLayer::drop_old() {
  for (auto& epoch : epochs_) {
    if (epoch != nullptr && sending_ != nullptr && epoch->generation < sending_->generation) epoch.reset();
  }
}

bool RecordLayer::has_old() const {
  return std::ranges::any_of(epochs_, [this](const auto& epoch) {
    return epoch != nullptr && sending_ != nullptr && epoch->generation < sending_->generation;
  });
}

RecordLayer::EpochState* RecordLayer::find(Epoch epoch) {
  for (const auto& each : epochs_) {
    if (each != nullptr && each->epoch == epoch) return each.get();
  }
  return nullptr;
}

// Assigns a path its id with its first packet under the keys; no two paths share an id. False: no number
// left.
bool RecordLayer::number(path::RecordNumbers& numbers) {
  if (numbers.generation == sending_->generation) return numbers.next_sequence <= wire::kMaxRecordSequence;
  if (sending_->next_path_id == kPathIds) return false;
  numbers = {sending_->generation, RecordSequence{},
             RecordPathId{static_cast<std::uint8_t>(sending_->next_path_id++)}, sending_->epoch};
  return true;
}

bool RecordLayer::seal(MutableBytes packet, path::RecordNumbers& numbers) {
  if (!number(numbers)) return false;
  const RecordSequence sequence = numbers.next_sequence++;
  wire::write_record_header(packet, {numbers.id, sending_->epoch, sequence});
  crypto::SendKeys& keys = sending_->keys.send;
  const auto nonce = crypto::record_nonce(keys.iv, numbers.id.value(), sequence.value());
  keys.key.seal(nonce, packet.first(wire::kSealedHeadSize), chunks_of(packet), tag_of(packet));
  ++sending_->sealed_packets;
  sending_->sealed_bytes += packet.size();
  if (!zero_checksum_) wire::seal_checksum(packet);
  return true;
}

Result<OpenedRecord, DropReason> RecordLayer::open(MutableBytes datagram) {
  const auto header = wire::read_record_header(datagram);
  if (!header) return DropReason::malformed_record;
  EpochState* epoch = find(header->epoch);
  if (epoch == nullptr) return DropReason::unknown_epoch;
  std::unique_ptr<PeerPath>& known = epoch->peer_paths[header->path_id.value()];
  if (known != nullptr && !known->window.fresh(header->sequence)) return DropReason::replayed_record;
  if (load_be<std::uint32_t>(datagram.data() + kChecksumAt) != 0) {
    if (!wire::checksum_ok(datagram)) return DropReason::bad_checksum;
    store_be(datagram.data() + kChecksumAt, std::uint32_t{0});
  }
  crypto::ReceiveKeys& keys = epoch->keys.receive;
  const auto nonce = crypto::record_nonce(keys.iv, header->path_id.value(), header->sequence.value());
  if (!keys.key.open(nonce, datagram.first(wire::kSealedHeadSize), chunks_of(datagram), tag_of(datagram))) {
    ++epoch->forgeries;
    return DropReason::bad_record;
  }
  if (known == nullptr) known = std::make_unique<PeerPath>();
  const bool newest = known->window.newest(header->sequence);
  const bool skips = known->window.skips(header->sequence);
  known->window.take(header->sequence);
  ++epoch->opened_packets;
  epoch->opened_bytes += datagram.size();
  // The common header moves next to the chunks, so that both form the packet.
  std::memmove(datagram.data() + wire::kRecordHeaderSize, datagram.data(), wire::kCommonHeaderSize);
  return OpenedRecord{datagram.subspan(wire::kRecordHeaderSize, datagram.size() - wire::kSealedOverhead),
                      known.get(),
                      datagram.size(),
                      newest,
                      skips,
                      {epoch->epoch, header->path_id},
                      header->sequence};
}

const PeerPath* RecordLayer::peer_path(Epoch epoch, RecordPathId path_id) {
  const EpochState* known = find(epoch);
  return known == nullptr ? nullptr : known->peer_paths[path_id.value()].get();
}

RecordLayer::Usage RecordLayer::usage() const {
  Usage usage;
  for (const auto& epoch : epochs_) {
    if (epoch != nullptr) usage.forgeries = std::max(usage.forgeries, epoch->forgeries);
  }
  if (sending_ == nullptr) return usage;
  usage.packets = std::max(sending_->sealed_packets, sending_->opened_packets);
  usage.bytes = std::max(sending_->sealed_bytes, sending_->opened_bytes);
  usage.path_ids = sending_->next_path_id;
  return usage;
}

}  // namespace hawser::sctp::security
