#include "sctp/rx/path_ack_writer.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace hawser::sctp::rx {
namespace {

// Entries of one PATH ACK; the rest waits for the next one.
constexpr std::size_t kMaxEntries = 16;
// PATH ACKs with the same entry, because some are lost.
constexpr unsigned kRepeats = 4;

}  // namespace

void PathAckWriter::on_data(Timestamp now, PathId on, const DataRecord& record) {
  Count& count = count_of(record.origin);
  count.path = on;
  count.pending = kRepeats;
  ++count.entry.packets;
  if (!count.any || record.sequence > count.highest) {
    count.any = true;
    count.highest = record.sequence;
    count.received = now;
    count.entry.sequence = static_cast<std::uint32_t>(record.sequence.value());
    count.entry.received_us = wire::wire_microseconds(now);
  }
  if (record.ecn == Ecn::ect0 || record.ecn == Ecn::ce) ++count.entry.ect;
  if (record.ecn == Ecn::ce) ++count.entry.ce;
}

PathAckWriter::Count& PathAckWriter::count_of(const RecordOrigin& origin) {
  const auto is_wanted = [&origin](const Count& count) { return count.entry.record == origin; };
  if (last_ < counts_.size() && is_wanted(counts_[last_])) return counts_[last_];
  auto found = std::ranges::find_if(counts_, is_wanted);
  if (found == counts_.end() && counts_.size() < limit_) {
    counts_.push_back({});
    found = counts_.end() - 1;
    found->entry.record = origin;
  } else if (found == counts_.end()) {
    // A count of keys or of a path that are no longer in use.
    found = std::ranges::min_element(counts_, {}, &Count::received);
    *found = {};
    found->entry.record = origin;
  }
  last_ = static_cast<std::size_t>(found - counts_.begin());
  return *found;
}

// The count of the newest record on `path`; after new keys, the path has an older one as well.
const PathAckWriter::Count* PathAckWriter::newest_of(PathId path) const {
  const Count* newest = nullptr;
  for (const Count& count : counts_) {
    if (count.path == path && (newest == nullptr || count.received >= newest->received)) newest = &count;
  }
  return newest;
}

std::size_t PathAckWriter::entries(const Count* own, std::size_t room) const {
  if (room < wire::kPathAckHeaderSize) return 0;
  const auto leaves = std::ranges::count_if(
      counts_, [own](const Count& count) { return count.pending != 0 || &count == own; });
  const std::size_t fit = (room - wire::kPathAckHeaderSize) / wire::PathAckEntry::kWireSize;
  return std::min({static_cast<std::size_t>(leaves), fit, kMaxEntries});
}

std::size_t PathAckWriter::size(PathId leaves_on, std::size_t room) const {
  const std::size_t count = entries(newest_of(leaves_on), room);
  return count == 0 ? 0 : wire::kPathAckHeaderSize + count * wire::PathAckEntry::kWireSize;
}

void PathAckWriter::write(Timestamp now, PathId leaves_on, ByteWriter& writer, std::size_t room) {
  const Count* own = newest_of(leaves_on);
  const std::size_t fit = entries(own, room);
  if (fit == 0) return;
  std::array<wire::PathAckEntry, kMaxEntries> entries;
  std::size_t written = 0;
  // The path that it leaves on comes first, so that it is never one of those that do not fit. The others take
  // turns.
  if (own != nullptr) entries[written++] = own->entry;
  const std::size_t first = first_;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const std::size_t at = (first + i) % counts_.size();
    Count& count = counts_[at];
    if (count.pending == 0 || (&count != own && written == fit)) continue;
    --count.pending;
    if (&count == own) continue;
    entries[written++] = count.entry;
    first_ = at + 1;
  }
  wire::write_path_ack(writer, wire::wire_microseconds(now), std::span(entries).first(written));
}

}  // namespace hawser::sctp::rx
