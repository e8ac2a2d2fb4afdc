#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/quota/quota_file.hpp"
#include "daemon/uplinks/sockets.hpp"
#include "hawser/base/time.hpp"

namespace hawser::daemon::quota {

/// Counts what the uplinks with a quota carry, from the counters of their sockets, and keeps the counts in a
/// file. Owns the quotas and the file; reads no clock, changes no role.
class QuotaCounter {
 public:
  /// The file is written after this time or after 1 / kSavePart of a quota; a crash loses no more.
  static constexpr Duration kSaveInterval = std::chrono::seconds(30);
  static constexpr std::uint64_t kSavePart = 100;

  /// Reads the file of the interface if any uplink has a quota.
  explicit QuotaCounter(const config::Config& config);

  /// Counts what the sockets have carried since the last call; their counters vanish when they are closed.
  /// Returns the labels of the uplinks whose quota is newly used up or newly reset.
  std::vector<std::string> count(Timestamp now, WallTime wall, const uplinks::Sockets& sockets);
  /// Writes the file if it is out of date.
  void save(Timestamp now);

  /// Null: the uplink has no quota.
  [[nodiscard]] const Quota* find(const std::string& label) const;
  /// The role of an uplink whose quota is used up; null: it is not used up.
  [[nodiscard]] const sctp::PathRole* role_of(const std::string& label) const;

 private:
  /// One uplink with a quota.
  struct Entry {
    config::QuotaConfig config;
    Quota quota;
    bool over = false;          ///< as count() has reported it
    std::uint64_t unsaved = 0;  ///< bytes counted since the file was written
  };

  [[nodiscard]] std::map<std::string, std::uint64_t> carried(const uplinks::Sockets& sockets);
  [[nodiscard]] bool save_is_due(Timestamp now) const;

  QuotaFile file_;
  QuotaFile::States others_;  ///< of labels that the configuration does not name; it may do so again
  std::map<std::string, Entry> entries_;  ///< by label
  std::vector<std::uint64_t> seen_;       ///< by socket number: bytes counted so far
  Timestamp saved_ = Timestamp::min();
  bool save_failed_ = false;  ///< the last time; reported once
};

}  // namespace hawser::daemon::quota
