#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log_fold.hpp"
#include "daemon/name_lookup.hpp"
#include "daemon/state_file.hpp"
#include "hawser/base/address.hpp"
#include "hawser/base/time.hpp"

namespace hawser::daemon::peering {

/// The addresses of the peers' names: the last good answers, and the address that an association was set up
/// with last. Keeps them in a file for the next start, when names may not be resolvable. Owns the file and
/// logs what becomes of the names; reads no clock, asks nothing.
class AddressBook {
 public:
  /// Addresses of one name; more are ignored.
  static constexpr std::size_t kMaxAddresses = 16;
  /// Shortest time between two writes of the file.
  static constexpr Duration kSaveInterval = std::chrono::seconds(10);
  /// A failure that was not repeated for so many questions is forgotten.
  static constexpr std::uint64_t kFailureAge = 4;

  /// What the file keeps of one name.
  struct Known {
    std::vector<IpAddress> resolved;  ///< the last good answers, best first
    std::optional<IpAddress> proven;  ///< that an association was set up with last
    friend bool operator==(const Known&, const Known&) = default;
  };
  /// By name.
  using Names = std::map<std::string, Known>;

  /// `path` names the file, which may be missing.
  explicit AddressBook(std::string path) : file_(std::move(path)) {}

  /// Adds the names and, if there are any, reads the file. Names that are in the file alone are dropped.
  void load(const std::vector<std::string>& hosts);
  /// Begins a question and returns its number. Logs why the previous one had no answer.
  std::uint64_t begin_question(Timestamp now, const std::string& host);
  /// An answer. Returns whether the addresses of the name have changed. Those of the newest answers come
  /// first; an address goes when it is not in the answers to two questions. Failures change nothing.
  bool handle_answer(Timestamp now, const NameAnswer& answer);
  /// An association was set up with this address. Ignored for a name that does not have it.
  void confirm(const std::string& host, const IpAddress& address);
  /// Writes the file if it is out of date and kSaveInterval has passed, or `last`: now.
  void save(Timestamp now, bool last);

  /// The addresses of a name, best first, families alternating (RFC 8305 §4); the proven one is among them.
  [[nodiscard]] std::vector<IpAddress> addresses(const std::string& host) const;
  /// Why the name has had no good answer to the newest questions: "server failure (198.51.100.53)". Empty: it
  /// had one, or no source has failed yet.
  [[nodiscard]] std::string failure(const std::string& host) const;

 private:
  struct Failure {
    std::string text;
    NameAnswer::Weight weight;
    std::uint64_t question;
  };
  struct Resolved {
    IpAddress address;
    std::uint64_t question;  ///< the newest one that it answers; 0: it is from the file
    friend bool operator==(const Resolved&, const Resolved&) = default;
  };
  struct Entry {
    std::vector<Resolved> resolved;  ///< the newest first
    std::optional<IpAddress> proven;
    std::uint64_t asked = 0;                  ///< number of the newest question
    std::uint64_t answered = 0;               ///< number of the newest question with a good answer
    std::map<std::string, Failure> failures;  ///< since the last good answer, by source
    LogFold log;
  };

  [[nodiscard]] static Known known(const Entry& entry);
  void forget_old(Entry& entry) const;
  void log_failure(Timestamp now, const std::string& host, Entry& entry);
  static void log_addresses(Timestamp now, const std::string& host, Entry& entry,
                            const std::vector<IpAddress>& addresses);

  StateFile file_;
  std::map<std::string, Entry> entries_;  ///< by name
  Names saved_;                           ///< the content of the file
  Timestamp tried_ = Timestamp::min();    ///< when the file was written last, or could not be
  bool save_failed_ = false;              ///< the last time; reported once
};

/// The content of the file.
[[nodiscard]] std::string names_text(const AddressBook::Names& names);
/// None: the text is damaged.
[[nodiscard]] std::optional<AddressBook::Names> parse_names_text(std::string_view text);

}  // namespace hawser::daemon::peering
