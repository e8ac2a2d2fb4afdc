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

/// Counts what the uplinks with a quota carry, by their sockets, and keeps the counts on disk. Owns quotas
/// and file; reads no clock, changes no role.
class QuotaCounter {
 public:
  /// Longest time, and largest part of a quota, that a crash can lose.
  static constexpr Duration kSaveInterval = std::chrono::seconds(30);
  static constexpr std::uint64_t kSavePart = 100;

  /// Reads the file of the interface, when any uplink has a quota.
  explicit QuotaCounter(const config::Config& config);

  /// Takes in what the sockets have carried since the last time. To be called before a socket is closed, and
  /// about once a second. Returns the labels of the uplinks whose quota was used up or began anew just now.
  std::vector<std::string> count(Timestamp now, WallTime wall, const uplinks::Sockets& sockets);
  /// Writes the file if it is not up to date.
  void save(Timestamp now);

  /// Null: the uplink has none.
  [[nodiscard]] const Quota* find(const std::string& label) const;
  /// The role that counts now, as its quota is used up; null: it is not.
  [[nodiscard]] const sctp::PathRole* role_of(const std::string& label) const;

 private:
  struct Entry {
    config::QuotaConfig config;
    Quota quota;
    bool over = false;          ///< as it was told last
    std::uint64_t unsaved = 0;  ///< bytes counted since the file was written
  };

  [[nodiscard]] std::map<std::string, std::uint64_t> carried(const uplinks::Sockets& sockets);
  [[nodiscard]] bool save_is_due(Timestamp now) const;

  QuotaFile file_;
  QuotaFile::States others_;  ///< of labels that the configuration does not name now: they may come back
  std::map<std::string, Entry> entries_;  ///< by label
  std::vector<std::uint64_t> seen_;       ///< by socket number: bytes counted so far
  Timestamp saved_ = Timestamp::min();
  bool complained_ = false;  ///< that the file cannot be written
};

}  // namespace hawser::daemon::quota
