#include "sctp/endpoint/association_table.hpp"

#include <algorithm>

namespace hawser::sctp::endpoint {

void AssociationTable::Entry::handle_packet(Timestamp now, const Route& route, const wire::PacketView& packet,
                                            const security::OpenedRecord* record) {
  guarded(false, [&] { return Association::handle_packet(now, route, packet, record), true; });
}

Result<security::OpenedRecord, DropReason> AssociationTable::Entry::open_record(Timestamp now,
                                                                                MutableBytes datagram) {
  using Opened = Result<security::OpenedRecord, DropReason>;
  return guarded(Opened(DropReason::internal_failure),
                 [&] { return Association::open_record(now, datagram); });
}

AssociationTable::Entry& AssociationTable::add(std::unique_ptr<Entry> entry) {
  Entry& added = *entry;
  entries_.push_back(std::move(entry));
  added.guarded(false, [&] {
    tags_.insert(added.own_init().tag, &added);
    touch(added);
    return true;
  });
  return added;
}

void AssociationTable::retag(VerificationTag old_tag, Entry& entry) {
  tags_.erase(old_tag);
  tags_.insert(entry.own_init().tag, &entry);
}

void AssociationTable::touch(Entry& entry) {
  if (!entry.touched) touched_.push_back(&entry);
  entry.touched = true;
  if (!entry.readable) readable_.push_back(&entry);
  entry.readable = true;
  if (entry.anonymous) note_proof(entry);
}

// An association that this end has begun is not anonymous, since this end has chosen its peer; it is touched
// first while it is handshaking.
void AssociationTable::note_proof(Entry& entry) {
  const auto key = entry.proven_key();
  entry.anonymous = !key && !entry.handshaking();
  if (key) proofs_.push_back({entry.id(), *key});
}

// --- look-up

// Ids grow, and entries stand in the order of their creation.
AssociationTable::Entry* AssociationTable::find(AssociationId id) const {
  const auto at = std::ranges::lower_bound(entries_, id, {}, [](const auto& entry) { return entry->id(); });
  return at == entries_.end() || (*at)->id() != id || (*at)->closed() ? nullptr : at->get();
}

AssociationTable::Entry* AssociationTable::find_by_route(const Route& route, std::uint16_t peer_port) const {
  for (const auto& entry : entries_) {
    if (!entry->closed() && entry->peer_port() == peer_port && entry->paths().find(route) != nullptr)
      return entry.get();
  }
  return nullptr;
}

AssociationTable::Entry* AssociationTable::find_by_peer_tag(const Route& route, VerificationTag tag) const {
  for (const auto& entry : entries_) {
    if (!entry->closed() && tag != kNoTag && entry->peer_tag() == tag &&
        entry->paths().find(route) != nullptr)
      return entry.get();
  }
  return nullptr;
}

std::size_t AssociationTable::live_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& entry) { return !entry->closed(); }));
}

// --- all associations

void AssociationTable::handle_timeout(Timestamp now) {
  for (const auto& entry : entries_) {
    if (entry->touched) entry->deadline = entry->next_timeout();
    if (entry->deadline > now) continue;
    entry->guarded(false, [&] { return entry->handle_timeout(now), true; });
    touch(*entry);
  }
}

bool AssociationTable::poll_transmit(Timestamp now, TransmitBatch& batch) {
  while (!touched_.empty()) {
    Entry& entry = *touched_.back();
    if (entry.guarded(false, [&] { return entry.poll_transmit(now, batch); })) return true;
    entry.deadline = entry.next_timeout();
    entry.touched = false;
    touched_.pop_back();
  }
  reap_closed();
  return false;
}

std::optional<ReceivedMessage> AssociationTable::poll_message() {
  while (!readable_.empty()) {
    Entry& entry = *readable_.back();
    auto message = entry.guarded(std::optional<ReceivedMessage>(), [&entry] { return entry.poll_message(); });
    if (message) {
      // Reading may have opened the window, which a SACK announces.
      if (!entry.touched) touch(entry);
      return message;
    }
    entry.readable = false;
    readable_.pop_back();
  }
  reap_closed();
  return std::nullopt;
}

// A closed association stays until its messages are read.
void AssociationTable::reap_closed() {
  std::erase_if(entries_, [this](const auto& entry) {
    if (!entry->closed() || entry->readable || entry->touched) return false;
    tags_.erase(entry->own_init().tag);
    return true;
  });
}

Timestamp AssociationTable::next_timeout() {
  Timestamp next = kNever;
  for (const auto& entry : entries_) {
    if (entry->touched) entry->deadline = entry->next_timeout();
    next = std::min(next, entry->deadline);
  }
  return next;
}

}  // namespace hawser::sctp::endpoint
